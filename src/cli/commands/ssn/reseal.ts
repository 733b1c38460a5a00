import { decodeBase64Url } from 'hono/utils/encode'
import { rangesOf } from '../../../trail/ranges.ts'
import { resources } from '../../../resources/index.ts'
import {
  listSealedToOtherKeys,
  replaceSealed,
  type Resealed,
  type SealedRecord,
} from '../../../operator/records/stored.ts'
import { openSsn, type SsnKeyPair } from '../../../operator/ssn.ts'
import { sealSsn } from '../../../ssn/seal.ts'
import { keyIdOf } from '../../../ssn/suite.ts'
import { keyOption, readKeys } from '../../files/key-file.ts'
import { onStore } from '../../environment/command.ts'
import type { Store } from '../../environment/open.ts'
import { activePublicKey } from '../../environment/ssn-key.ts'
import { stopAtCtrlC } from '../../terminal/failure.ts'
import { startProgress } from '../../terminal/progress.ts'
import { counted, type Report } from '../../terminal/report.ts'

const PAGE_ROWS = 200

type Keys = ReadonlyMap<string, SsnKeyPair>

export const command = onStore({
  example: 'ssn reseal --remote --env production --key ssn-1.key.json',
  takes: { key: keyOption },
  async work({ key }, store) {
    const publicKey = await activePublicKey(store.environment)
    return await resealAll(store, await readKeys(key), publicKey)
  },
})

/** Seals to the public key every SSN that is sealed to another key and that one of `keys` opens. */
async function resealAll({ db, leave }: Store, keys: Keys, publicKey: string): Promise<Report> {
  const signal = stopAtCtrlC()
  const keyId = await keyIdOf(decodeBase64Url(publicKey))
  const progress = startProgress('resealing')
  let resealed = 0
  let refused = 0
  try {
    for (const resource of resources.filter(({ record }) => 'ssn' in record.shape)) {
      for (let after = { clinicId: '', id: 0 }; ;) {
        signal.throwIfAborted()
        const sealed = await listSealedToOtherKeys(db, resource, keyId, after, PAGE_ROWS)
        const last = sealed.at(-1)
        if (last === undefined) break
        after = last
        const fresh = await Promise.all(sealed.map((one) => reseal(one, keys, publicKey)))
        const readable = fresh.filter((one) => one !== undefined)
        const replaced = await replaceSealed(db, resource, readable)
        for (const [clinicId, records] of Map.groupBy(replaced, (one) => one.clinicId)) {
          const ids = rangesOf(records.map(({ id }) => id).sort((a, b) => a - b))
          await leave({ action: 'reseal', resource: resource.name, clinicId, ids })
        }
        resealed += replaced.length
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
        ? 'Refused SSNs stay as they are: none of the given keys opens them for their owner.'
        : 'No SSN is sealed to another key.',
    ],
    failed: refused > 0,
  }
}

/** Undefined if none of the keys opens it. */
async function reseal(
  { clinicId, id, ssn, owner }: SealedRecord,
  keys: Keys,
  publicKey: string,
): Promise<Resealed | undefined> {
  const key = keys.get(ssn.keyId)
  const digits = key && (await openSsn(ssn, owner, key.privateKey).catch(() => undefined))
  if (digits === undefined) return undefined
  const fresh = await sealSsn(digits, owner, publicKey)
  return { clinicId, id, keyId: fresh.keyId, sealed: fresh.sealed, replaces: ssn.sealed }
}
