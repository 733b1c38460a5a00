import { access, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeSsnKeyPair, type SsnKeyPair } from '../ssn/open.ts'
import { missingMigrations, openStore, type Store } from './open-store.ts'
import { readKeyFile, writeKeyFile } from './key-file.ts'
import { configFile, stateFolder, type StoreChoice } from './store.ts'
import { runWrangler } from './wrangler.ts'

/** Where the key pair of a local state lies. Its private half never reaches the Worker. */
export const developmentKeyFile = (choice: StoreChoice) =>
  join(stateFolder(choice), 'ssn-development-key.json')

/** The key pair of the local state, made at its first use. */
export async function developmentKey(choice: StoreChoice): Promise<SsnKeyPair> {
  const file = developmentKeyFile(choice)
  const exists = await access(file).then(
    () => true,
    () => false,
  )
  if (exists) return await readKeyFile(file)

  const made = await makeSsnKeyPair()
  await mkdir(dirname(file), { recursive: true })
  await writeKeyFile(file, made)
  return made
}

/** Opens the local store with every migration applied; wrangler is started for that only if one is missing. */
export async function openMigrated(
  choice: StoreChoice,
): Promise<{ store: Store; applied: string[] }> {
  const store = await openStore(choice)
  const missing = await missingMigrations(store.db)
  if (missing.length === 0) return { store, applied: [] }

  await store.close()
  await runWrangler([
    ...['d1', 'migrations', 'apply', 'DB', '--local'],
    ...['--config', configFile(choice), '--persist-to', stateFolder(choice)],
    ...(choice.env ? ['--env', choice.env] : []),
  ])
  return { store: await openStore(choice), applied: missing }
}
