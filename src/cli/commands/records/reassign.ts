import { InvalidArgumentError } from 'commander'
import { ownableType, PATIENT } from '../../../fields/ownable-type.ts'
import { repairer } from '../../../operator/records/repair.ts'
import type { Ownable } from '../../../ownables/queries.ts'
import { ssnColumns, ssnOwner } from '../../../records/given.ts'
import { sealSsn } from '../../../ssn/seal.ts'
import { onStore } from '../../environment/command.ts'
import { activePublicKey } from '../../environment/ssn-key.ts'
import { keyOption, openWith, readKeys } from '../../files/key-file.ts'
import { required } from '../../terminal/command.ts'
import { Failure } from '../../terminal/failure.ts'
import { parseId } from '../../terminal/options.ts'
import { recordWords, repairRecord } from './named-record.ts'

export const command = onStore({
  example:
    'records reassign dependents/7 --clinic riverside --to Patient/1050 --key ssn.key.json --local',
  takes: {
    ...recordWords,
    to: required('--to <ownable>', 'its new owner, such as Patient/1050', parseOwnable),
    key: keyOption,
  },
  async work({ to, key, ...given }, store) {
    const { resource } = given.record
    if (to.type !== PATIENT && resource.owner.type === undefined) {
      throw new Failure(`${resource.name} are owned by a Patient`)
    }
    const { find, errorsOf, reassign } = repairer(resource)
    const changed = 'has just been changed; run the same command again'
    return await repairRecord(given, store, 'reassigned', changed, async (target) => {
      const stored = await find(store.db, target)
      const name = `${resource.name}/${target.id}`
      if (!stored) throw new Failure(`${target.clinicId} has no ${name}`)
      const errors = await errorsOf(store.db, target, to)
      const wrong = Object.entries(errors).map(([field, messages]) => `${field} ${messages.join()}`)
      const owner = `${to.type}/${to.id}`
      if (resource.owner.id in errors) wrong.push(`PUT /ownables/${owner} registers that owner`)
      if (wrong.length > 0) {
        throw new Failure(`${name} cannot be given to ${owner}: ${wrong.join('; ')}`)
      }
      const version = Number(stored.version)
      if (!stored.ssn_sealed) return await reassign(store.db, target, to, version, {})

      const oldOwner = ssnOwner(resource, stored)
      const [keyId, sealed] = [`${stored.ssn_key_id}`, `${stored.ssn_sealed}`]
      const ssn = { keyId, sealed, lastFour: `${stored.ssn_last_four}` }
      const digits = await openWith(await readKeys(key), ssn, oldOwner)
      const newOwner = { ...oldOwner, ownableType: to.type, ownableId: to.id }
      const resealed = await sealSsn(digits, newOwner, await activePublicKey(store.environment))
      return await reassign(store.db, target, to, version, ssnColumns(resealed))
    })
  },
})

function parseOwnable(value: string): Ownable {
  const [, given, id = ''] = /^(\w+)\/(.+)$/.exec(value) ?? []
  const { data: type } = ownableType.safeParse(given)
  if (type) return { type, id: parseId(id) }
  throw new InvalidArgumentError('Use a type and an id, such as Patient/1050.')
}
