import { readFile, stat, writeFile } from 'node:fs/promises'
import * as z from 'zod'
import type { SsnKeyPair } from '../ssn/open.ts'
import { Failure, Misuse } from './failure.ts'
import { note } from './output.ts'
import { askSecret, canAsk } from './prompt.ts'
import { resolveFromCaller } from './store.ts'

const BASE64URL_32_BYTES = /^[A-Za-z0-9_-]{43}=?$/

/** What a key file holds: one line of JSON. */
const keyPair = z.object({
  keyId: z.string().regex(/^[0-9a-f]{8}$/),
  publicKey: z.string().regex(BASE64URL_32_BYTES),
  privateKey: z.string().regex(BASE64URL_32_BYTES),
})

/** Whether it can be a public key: 32 bytes in base64url. */
export const isPublicKey = (text: string) => BASE64URL_32_BYTES.test(text)

/** Reads the key files given or, if none is, asks for the text of one. Keys by their id. Throws Failure. */
export async function readKeys(files: readonly string[]): Promise<Map<string, SsnKeyPair>> {
  if (files.length === 0 && !canAsk()) {
    throw new Misuse('say which private key: --key FILE')
  }
  const keys =
    files.length === 0
      ? [
          parseKey(
            await askSecret('The private key: the line that its file holds'),
            'what you typed',
          ),
        ]
      : await Promise.all(files.map((file) => readKeyFile(resolveFromCaller(file))))
  return new Map(keys.map((key) => [key.keyId, key]))
}

/** Reads a key file; says so if others may read it too. Throws Failure. */
export async function readKeyFile(file: string): Promise<SsnKeyPair> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Failure(`cannot read the key file ${file}`)
  })
  const { mode } = await stat(file)
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    note(`warning: others may read ${file}: chmod 600 it`)
  }
  return parseKey(text, file)
}

/** Writes a key file that its owner alone may read; never over another file. Throws Failure. */
export async function writeKeyFile(file: string, key: SsnKeyPair): Promise<void> {
  await writeFile(file, `${JSON.stringify(key)}\n`, { mode: 0o600, flag: 'wx' }).catch((error) => {
    throw new Failure(
      error.code === 'EEXIST'
        ? `${file} exists and may hold a key: choose another name`
        : `cannot write ${file}`,
    )
  })
}

function parseKey(text: string, from: string): SsnKeyPair {
  try {
    return keyPair.parse(JSON.parse(text))
  } catch {
    throw new Failure(`${from} holds no private key as \`ssn keygen\` writes it`)
  }
}
