import { decodeBase64Url } from 'hono/utils/encode'
import { rangesOf } from '../../../trail/ranges.ts'
import { resources } from '../../../resources/index.ts'
import { listSealedToOtherKeys, replaceSealed } from '../../../operator/records/stored.ts'
import type { SealedRecord } from '../../../operator/records/stored.ts'
import { sealSsn } from '../../../ssn/seal.ts'
import { keyIdOf } from '../../../ssn/suite.ts'
import { keyOption, openWith, readKeys, type Keys } from '../../files/key-file.ts'
import { onStore } from '../../environment/command.ts'
import { activePublicKey } from '../../environment/ssn-key.ts'
import { stopAtCtrlC } from '../../terminal/failure.ts'
import { startProgress } from '../../terminal/progress.ts'
import { counted } from '../../terminal/report.ts'

export const command = onStore({
  example: 'ssn reseal --remote --env production --key ssn-1.key.json',
  takes: { key: keyOption },
  async work({ key }, { db, leave, environment }) {
    const publicKey = await activePublicKey(environment)
    const keyId = await keyIdOf(decodeBase64Url(publicKey))
    const keys = await readKeys(key)
    const signal = stopAtCtrlC()
    using progress = startProgress('resealing')
    let resealed = 0
    let refused = 0
    for (const resource of resources.filter(({ hasSsn }) => hasSsn)) {
      for (let after = { clinicId: '', id: 0 }; ;) {
        signal.throwIfAborted()
        const sealed = await listSealedToOtherKeys(db, resource, keyId, after)
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
        progress.show(resealed + refused)
      }
    }
    const end =
      refused > 0
        ? 'Refused SSNs stay as they are: none of the given keys opens them for their owner.'
        : 'No SSN is sealed to another key.'
    const line = `${counted(resealed)} resealed to key ${keyId}, ${counted(refused)} refused`
    return { json: { key_id: keyId, resealed, refused }, lines: [line, end], failed: refused > 0 }
  },
})

/** The SSN sealed to the public key; undefined if none of the keys opens it. */
async function reseal({ clinicId, id, ssn, owner }: SealedRecord, keys: Keys, publicKey: string) {
  const digits = await openWith(keys, ssn, owner).catch(() => undefined)
  if (digits === undefined) return undefined
  const { keyId, sealed } = await sealSsn(digits, owner, publicKey)
  return { clinicId, id, keyId, sealed, replaces: ssn.sealed }
}
