import { decodeBase64Url } from 'hono/utils/encode'
import { kinds } from '../kinds.ts'
import {
  listSealedToOtherKeys,
  replaceSealed,
  ssnOwner,
  type Resealed,
  type SealedRecord,
} from '../records/stored.ts'
import { openSsn, type SsnKeyPair } from '../ssn/open.ts'
import { sealSsn } from '../ssn/seal.ts'
import { keyIdOf, type SsnOwner } from '../ssn/suite.ts'
import { stopAtCtrlC } from './failure.ts'
import { openOutput } from './files.ts'
import { readKeys } from './key-file.ts'
import { withStore } from './open-store.ts'
import { counted, note, type Report } from './output.ts'
import { startProgress } from './progress.ts'
import { exportedRecord, kindNamed } from './records.ts'
import { openRows } from './rows.ts'
import { activePublicKey } from './ssn-key.ts'
import type { StoreChoice } from './store.ts'

const BATCH_ROWS = 200

/** Gives the records of an export with plain SSNs. It touches no store; a refused record is left out. */
export async function openExport(
  file: string,
  options: { key: string[]; out?: string },
): Promise<Report> {
  const keys = await readKeys(options.key)
  const { rows } = await openRows(file, ['table'], stopAtCtrlC())
  const output = await openOutput(options.out)
  let opened = 0
  let refused = 0
  try {
    for await (const { line, columns } of rows) {
      const record = exportedRecord.safeParse(columns)
      const ssn = record.success
        ? await plainSsn(record.data.ssn, ssnOwner(kindNamed(record.data.table), record.data), keys)
        : { refusal: 'it is no line of an export' }
      if (ssn.refusal === undefined) {
        await output.write({ ...record.data, ssn: ssn.plain })
        opened++
      } else {
        note(`line ${line} refused: ${ssn.refusal}`)
        refused++
      }
    }
  } finally {
    await output.close()
  }
  return {
    json: { opened, refused },
    lines: [`${counted(opened)} opened, ${counted(refused)} refused`],
    failed: refused > 0,
  }
}

/** Seals to the active key whatever is sealed to another one of which the private half is given. */
export async function resealRecords(options: StoreChoice & { key: string[] }): Promise<Report> {
  const keys = await readKeys(options.key)
  return await withStore(options, async ({ db }) => {
    const signal = stopAtCtrlC()
    const publicKey = await activePublicKey(options)
    const keyId = await keyIdOf(decodeBase64Url(publicKey))
    const progress = startProgress('resealing')
    let resealed = 0
    let refused = 0
    try {
      for (const kind of kinds) {
        for (let after = 0; ;) {
          signal.throwIfAborted()
          const sealed = await listSealedToOtherKeys(db, kind, keyId, after, BATCH_ROWS)
          const last = sealed.at(-1)
          if (last === undefined) break
          after = last.id
          const fresh = await Promise.all(sealed.map((one) => reseal(one, keys, publicKey)))
          const readable = fresh.filter((one) => one !== undefined)
          resealed += await replaceSealed(db, kind, readable)
          refused += sealed.length - readable.length
          progress.show(resealed + refused, undefined)
        }
      }
    } finally {
      progress.stop()
    }
    return {
      json: { key_id: keyId, resealed, refused },
      lines: [
        `${counted(resealed)} resealed to key ${keyId}, ${counted(refused)} refused`,
        refused > 0
          ? 'What was refused is sealed to a key that was not given, or not for its owner; it stays as it is.'
          : 'Nothing is sealed to another key.',
      ],
      failed: refused > 0,
    }
  })
}

async function reseal(
  { id, keyId, sealed, owner }: SealedRecord,
  keys: ReadonlyMap<string, SsnKeyPair>,
  publicKey: string,
): Promise<Resealed | undefined> {
  const key = keys.get(keyId)
  const digits = key && (await openSsn(sealed, owner, key.privateKey).catch(() => undefined))
  if (digits === undefined) return undefined
  const fresh = await sealSsn(digits, owner, publicKey)
  return { id, keyId: fresh.keyId, sealed: fresh.sealed, replaces: sealed }
}

type Opened = { plain: string | null; refusal?: undefined } | { refusal: string }

async function plainSsn(
  ssn: { key_id: string; sealed: string; last_four: string } | null,
  owner: SsnOwner,
  keys: ReadonlyMap<string, SsnKeyPair>,
): Promise<Opened> {
  if (ssn === null) return { plain: null }
  const key = keys.get(ssn.key_id)
  if (key === undefined) {
    return { refusal: `it is sealed to key ${ssn.key_id}; given: ${[...keys.keys()].join(', ')}` }
  }
  try {
    const digits = await openSsn(ssn.sealed, owner, key.privateKey)
    if (digits.slice(-4) !== ssn.last_four) return { refusal: 'its last four digits were altered' }
    return { plain: `${digits.slice(0, 3)}-${digits.slice(3, 5)}-${digits.slice(5)}` }
  } catch {
    return { refusal: 'its SSN was not sealed for this owner with this key, or was altered' }
  }
}
