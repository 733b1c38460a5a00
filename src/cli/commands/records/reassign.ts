import { InvalidArgumentError } from 'commander'
import { ownableType, PATIENT } from '../../../fields/ownable-type.ts'
import { repairer } from '../../../operator/records/repair.ts'
import { openSsn } from '../../../operator/ssn.ts'
import type { Ownable } from '../../../ownables/queries.ts'
import type { Given, Resource } from '../../../records/resource.ts'
import { ssnColumns, ssnOwner } from '../../../records/given.ts'
import { sealSsn } from '../../../ssn/seal.ts'
import { onStore } from '../../environment/command.ts'
import { activePublicKey } from '../../environment/ssn-key.ts'
import { keyOption, readKeys } from '../../files/key-file.ts'
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
  work: ({ to, key, ...given }, store) =>
    repairRecord(given, store, {
      done: 'reassigned',
      wrong: `cannot be given to ${to.type}/${to.id}: is that registered?`,
      async work({ resource, id }, repair) {
        const { db, environment } = store
        if (to.type !== PATIENT && resource.owner.type === undefined) {
          throw new Failure(`${resource.name} are owned by a Patient`)
        }
        const { find, reassign } = repairer(resource)
        const stored = await find(db, repair)
        if (!stored) throw new Failure(`${repair.clinicId} has no ${resource.name}/${id}`)
        const publicKey = stored.ssn_sealed ? await activePublicKey(environment) : ''
        const ssn = stored.ssn_sealed ? await sealedFor(to, resource, stored, key, publicKey) : {}
        return await reassign(db, repair, to, Number(stored.version), ssn)
      },
    }),
})

function parseOwnable(value: string): Ownable {
  const [, given, id = ''] = /^(\w+)\/(.+)$/.exec(value) ?? []
  const { data: type } = ownableType.safeParse(given)
  if (type) return { type, id: parseId(id) }
  throw new InvalidArgumentError('Use a type and an id, such as Patient/1050.')
}

/** The columns of the record's SSN, opened here and sealed anew for the new owner. Throws Failure. */
async function sealedFor(
  to: Ownable,
  resource: Resource,
  stored: Given,
  keyFiles: readonly string[],
  publicKey: string,
): Promise<Given> {
  const key = (await readKeys(keyFiles)).get(`${stored.ssn_key_id}`)
  if (!key) throw new Failure(`the SSN is sealed to key ${stored.ssn_key_id}: name that --key`)

  const ssn = { sealed: `${stored.ssn_sealed}`, lastFour: `${stored.ssn_last_four}` }
  const digits = await openSsn(ssn, ssnOwner(resource, stored), key.privateKey).catch(() => {
    throw new Failure('the SSN was altered, or sealed for another record: it does not open')
  })
  const { owner } = resource
  const moved = {
    ...stored,
    ...(owner.type !== undefined && { [owner.type]: to.type }),
    [owner.id]: to.id,
  }
  return ssnColumns(await sealSsn(digits, ssnOwner(resource, moved), publicKey))
}
