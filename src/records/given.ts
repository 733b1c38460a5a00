import { sealSsn, type SealedSsn } from '../ssn/seal.ts'
import type { SsnOwner } from '../ssn/suite.ts'
import type { Amendment } from './amend.ts'
import { derivedFrom, ownerOf, type Given, type Resource } from './resource.ts'

// Turns what a client sends into what is stored.

type Fields = Record<string, unknown>

/** The columns of a sealed SSN, all null if there is none. */
export const ssnColumns = (ssn: SealedSsn | undefined): Given => ({
  ssn_key_id: ssn?.keyId ?? null,
  ssn_sealed: ssn?.sealed ?? null,
  ssn_last_four: ssn?.lastFour ?? null,
})

/**
 * A new record as it is stored: the given fields, a new `uid`, and the SSN sealed to the public key for this record
 * only. Throws SsnKeyError.
 */
export async function recordToStore(
  resource: Resource,
  clinicId: string,
  { ssn, ...fields }: Given,
  publicKey: string | undefined,
): Promise<Given> {
  const record = { ...fields, ...derivedFrom(resource, fields), uid: crypto.randomUUID() }
  if (ssn === undefined || ssn === null) return record

  const owner = ssnOwner(resource, { ...record, clinic_id: clinicId })
  return { ...record, ...ssnColumns(await sealSsn(String(ssn), owner, publicKey)) }
}

/**
 * An amendment as it is stored. `fixed` holds what the record must already have: the owner, the id, and the digits of a
 * mask. `findOwner` finds the record that a new SSN is sealed for. Throws SsnKeyError.
 */
export async function amendmentOf(
  resource: Resource,
  { ssn, ...fields }: Fields,
  findOwner: () => Promise<SsnOwner | undefined>,
  publicKey: string | undefined,
): Promise<Amendment> {
  const mask =
    typeof ssn === 'string' && ssn.startsWith('*') ? { ssn_last_four: ssn.slice(-4) } : {}
  const isFixed = ([name]: [string, unknown]) => ['id', ...resource.ownerColumns].includes(name)
  const entries = Object.entries(fields)
  const fixed = { ...Object.fromEntries(entries.filter(isFixed)), ...mask }
  const amended = Object.fromEntries(entries.filter((entry) => !isFixed(entry)))
  const given = { ...amended, ...derivedFrom(resource, amended) }
  if (ssn === undefined || 'ssn_last_four' in mask) return { given, fixed }

  const digits = typeof ssn === 'string' ? ssn : undefined
  const owner = digits && (await findOwner())
  const sealed = owner ? await sealSsn(digits, owner, publicKey) : undefined
  return { given: { ...given, ...ssnColumns(sealed) }, fixed }
}

/** The record that an SSN is sealed for, from a row of the resource or a line of an export. */
export function ssnOwner(resource: Resource, record: Record<string, unknown>): SsnOwner {
  const { type: ownableType, id: ownableId } = ownerOf(resource, record)
  const [clinicId, uid] = [String(record.clinic_id), String(record.uid)]
  return { clinicId, table: resource.name, ownableType, ownableId, uid }
}

/** The fields for a fingerprint: an SSN is cut to its last four digits; a mask stays as it was sent. */
export const masked = ({ ssn, ...others }: Fields): Fields => ({
  ...others,
  ssn: typeof ssn === 'string' ? ssn.replace(/^\d+(\d{4})$/, '$1') : ssn,
})
