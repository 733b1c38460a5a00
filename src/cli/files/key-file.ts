import { existsSync } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import * as z from 'zod'
import { makeSsnKeyPair, openSsn, type SsnKeyPair } from '../../operator/ssn.ts'
import type { SealedSsn } from '../../ssn/seal.ts'
import type { SsnOwner } from '../../ssn/suite.ts'
import { parsedJson } from '../../storage/parsed-json.ts'
import { askSecret, canAsk } from '../terminal/ask.ts'
import { many } from '../terminal/command.ts'
import { Failure, Misuse } from '../terminal/failure.ts'
import { note, shellWords } from '../terminal/report.ts'
import { fromCaller } from './input.ts'

/** 32 bytes in base64url. */
const key = z.string().regex(/^[A-Za-z0-9_-]{43}=?$/)

/** The content of a key file: one line of JSON. */
const keyPair = z.object({
  keyId: z.string().regex(/^[0-9a-f]{8}$/),
  publicKey: key,
  privateKey: key,
})

export const keyOption = many('--key <file...>', 'private key files (default: asks for a key)')

/** Private keys by their ids. */
export type Keys = ReadonlyMap<string, SsnKeyPair>

/** Reads the key files or, if there are none, asks for a key. Returns them by id. Throws Failure. */
export async function readKeys(files: readonly string[]): Promise<Keys> {
  if (files.length === 0 && !canAsk()) throw new Misuse('name the private key: --key FILE')
  const keys =
    files.length === 0
      ? [parseKey(await askSecret('The private key (the line in its file)'), 'what you typed')]
      : await Promise.all(files.map((file) => readKeyFile(fromCaller(file))))
  return new Map(keys.map((key) => [key.keyId, key]))
}

/** Opens an SSN to its nine digits. Throws Failure if none of the keys opens it for its owner. */
export async function openWith(keys: Keys, ssn: SealedSsn, owner: SsnOwner): Promise<string> {
  const key = keys.get(ssn.keyId)
  if (!key) {
    const given = [...keys.keys()].join(', ')
    throw new Failure(`its SSN is sealed to key ${ssn.keyId}; given: ${given}`)
  }
  return await openSsn(ssn, owner, key.privateKey).catch(() => {
    throw new Failure('its SSN was altered, or sealed for another record or with another key')
  })
}

/** Reads a key file, and warns if others can read it too. Throws Failure. */
export async function readKeyFile(file: string): Promise<SsnKeyPair> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new Failure(`cannot read the key file ${file}`)
  })
  const { mode } = await stat(file)
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    note(`warning: others can read this key: run \`chmod 600 ${shellWords([file])}\``)
  }
  return parseKey(text, file)
}

/** Reads the key pair in the file, or creates the file with a new one. Throws Failure. */
export async function keyPairIn(file: string): Promise<SsnKeyPair> {
  if (existsSync(file)) return await readKeyFile(file)
  const made = await makeSsnKeyPair()
  await writeKeyFile(file, made)
  return made
}

/** Writes a key file that only its owner can read. Throws Failure if the file exists. */
export async function writeKeyFile(file: string, key: SsnKeyPair): Promise<void> {
  await writeFile(file, `${JSON.stringify(key)}\n`, { mode: 0o600, flag: 'wx' }).catch((error) => {
    if (error.code !== 'EEXIST') throw error
    throw new Failure(`${file} exists and may hold a key: choose another name`)
  })
}

function parseKey(text: string, from: string): SsnKeyPair {
  const { data } = keyPair.safeParse(parsedJson(text))
  if (data) return data
  throw new Failure(`${from} is not a private key as \`ssn keygen\` writes it`)
}
