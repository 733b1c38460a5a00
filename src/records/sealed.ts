import { sealSsn } from '../ssn/seal.ts'
import { ownerOf, type Given, type Kind } from './kind.ts'

/**
 * What is stored of the fields given: the SSN, of a kind that has one, sealed to the public key for the
 * record's owner. Throws SsnKeyError.
 */
export async function sealed(
  kind: Kind,
  clinicId: string,
  given: Given,
  publicKey: string | undefined,
): Promise<Given> {
  const { ssn, ...plain } = given
  if (ssn === undefined) return plain

  const { type: ownableType, id: ownableId } = ownerOf(kind, given)
  const owner = { clinicId, table: kind.name, ownableType, ownableId }
  const safe = ssn === null ? undefined : await sealSsn(String(ssn), owner, publicKey)
  return {
    ...plain,
    ssn_key_id: safe?.keyId ?? null,
    ssn_sealed: safe?.sealed ?? null,
    ssn_last_four: safe?.lastFour ?? null,
  }
}
