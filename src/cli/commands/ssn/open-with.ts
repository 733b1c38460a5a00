import { openSsn, type SsnKeyPair } from '../../../operator/ssn.ts'
import type { SealedSsn } from '../../../ssn/seal.ts'
import type { SsnOwner } from '../../../ssn/suite.ts'
import { Failure } from '../../terminal/failure.ts'

/** Private keys by their ids. */
export type Keys = ReadonlyMap<string, SsnKeyPair>

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
