import * as z from 'zod'
import { Failure } from '../terminal/failure.ts'
import type { RemoteEnvironment } from './choose.ts'
import { askWrangler } from './wrangler.ts'

/** How wrangler lists a database and a namespace: its name and its id. */
const database = z
  .object({ name: z.string(), uuid: z.string() })
  .transform(({ name, uuid }) => ({ name, id: uuid }))
const namespace = z
  .object({ title: z.string(), id: z.string() })
  .transform(({ title, id }) => ({ name: title, id }))
type Listed = { name: string; id: string }

/** What an API token must be allowed to do. */
const PERMISSIONS =
  'Workers Scripts: Edit, D1: Edit, Workers KV Storage: Edit, Workers R2 Storage: Edit, Account Settings: Read, User Details: Read and, for a domain, Workers Routes: Edit and Zone: Read'

/**
 * The ids of an environment's database and namespace. wrangler.toml names them without ids, and the first deployment
 * creates them: until then they are undefined. Throws Failure.
 */
export async function findIds({ config, file }: RemoteEnvironment) {
  const [{ database_id, database_name } = { database_name: '' }] = config.d1_databases
  const [{ id, binding } = { binding: '' }] = config.kv_namespaces
  const flags = ['--config', file]
  const databases = await list(database, ['d1', 'list', '--json', ...flags])
  const namespaces = await list(namespace, ['kv', 'namespace', 'list', ...flags])
  const title = `${config.name}-${binding.toLowerCase()}`
  return {
    databaseId: database_id ?? databases.find(({ name }) => name === database_name)?.id,
    namespaceId: id ?? namespaces.find(({ name }) => name === title)?.id,
  }
}

async function list(schema: z.ZodType<Listed>, args: string[]): Promise<Listed[]> {
  const answer = await askWrangler(args).catch((error: unknown) => {
    if (!(error instanceof Failure)) throw error
    throw new Failure(
      `sign in with \`npx wrangler login\`, or set CLOUDFLARE_API_TOKEN to a token with the permissions ${PERMISSIONS}\n${error.message}`,
    )
  })
  const { data } = z.array(schema).safeParse(answer)
  if (data) return data
  throw new Failure(`\`wrangler ${args.join(' ')}\` answered in an unknown form`)
}
