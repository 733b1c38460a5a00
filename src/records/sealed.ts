import { foldName } from '../fields/fold.ts'
import { sealSsn, type SealedSsn } from '../ssn/seal.ts'
import type { SsnOwner } from '../ssn/suite.ts'
import type { Amendment } from './amend.ts'
import { ownerOf, type Given, type Kind } from './kind.ts'

/** Fields as they were validated. */
type Fields = Record<string, unknown>

/** The columns of a sealed SSN, or of none. */
export const ssnColumns = (ssn: SealedSsn | undefined): Given => ({
  ssn_key_id: ssn?.keyId ?? null,
  ssn_sealed: ssn?.sealed ?? null,
  ssn_last_four: ssn?.lastFour ?? null,
})

/** The names of a person as search compares them, of those that are given. */
export const foldedNamesOf = ({ first_name, last_name }: Fields): Given => ({
  ...(typeof first_name === 'string' && { first_name_folded: foldName(first_name) }),
  ...(typeof last_name === 'string' && { last_name_folded: foldName(last_name) }),
})

/**
 * A new record as it is stored: the fields given, a `uid` of its own, and the SSN, of a kind that has one, sealed
 * to the public key for this record alone. Throws SsnKeyError.
 */
export async function sealed(
  kind: Kind,
  clinicId: string,
  { ssn, ...fields }: Given,
  publicKey: string | undefined,
): Promise<Given> {
  const { type } = ownerOf(kind, fields)
  const record = {
    ...fields,
    ...foldedNamesOf(fields),
    uid: crypto.randomUUID(),
    [kind.owner.type]: type,
  }
  if (ssn === undefined || ssn === null) return record

  const whose = ssnOwner(kind, { ...record, clinic_id: clinicId })
  return { ...record, ...ssnColumns(await sealSsn(String(ssn), whose, publicKey)) }
}

/**
 * An amendment as it is stored. The owner and the id stand under `fixed`, as what the record must say already, and
 * so do the digits of a mask. `findOwner` finds the record that a new SSN is sealed for. Throws SsnKeyError.
 */
export async function sealedAmendment(
  { owner }: Kind,
  { ssn, ...fields }: Fields,
  findOwner: () => Promise<SsnOwner | undefined>,
  publicKey: string | undefined,
): Promise<Amendment> {
  const mask =
    typeof ssn === 'string' && ssn.startsWith('*') ? { ssn_last_four: ssn.slice(-4) } : {}
  const isFixed = ([name]: [string, unknown]) => ['id', owner.type, owner.id].includes(name)
  const entries = Object.entries(fields)
  const fixed = { ...Object.fromEntries(entries.filter(isFixed)), ...mask }
  const amended = Object.fromEntries(entries.filter((entry) => !isFixed(entry)))
  const given = { ...amended, ...foldedNamesOf(amended) }
  if (ssn === undefined || 'ssn_last_four' in mask) return { given, fixed }

  const digits = typeof ssn === 'string' ? ssn : undefined
  const whose = digits && (await findOwner())
  const safe = whose ? await sealSsn(digits, whose, publicKey) : undefined
  return { given: { ...given, ...ssnColumns(safe) }, fixed }
}

/** The record that an SSN is sealed for, from a row of the kind or a line of an export. */
export function ssnOwner(kind: Kind, record: Record<string, unknown>): SsnOwner {
  const { type: ownableType, id: ownableId } = ownerOf(kind, record)
  const { clinic_id, uid } = record
  return { clinicId: String(clinic_id), table: kind.name, ownableType, ownableId, uid: String(uid) }
}

/** The fields as a fingerprint may know them: with the mask that was sent, or the last four digits of the SSN. */
export const masked = ({ ssn, ...others }: Fields): Fields => ({
  ...others,
  ...(ssn !== undefined && {
    ssn: typeof ssn === 'string' ? ssn.replace(/^\d+(\d{4})$/, '$1') : ssn,
  }),
})
