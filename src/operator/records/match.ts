import type { FieldErrors } from '../../http/errors.ts'
import { fieldOf, type Given, type Resource } from '../../records/resource.ts'
import type { SealedSsn } from '../../ssn/seal.ts'

// Which record a row of a file is. An import would rather ask than take two people for one, or make two of one.

/**
 * A row as it was validated: `fields` are those that it gives, with the columns that follow from them; `uid` is that of
 * the clinic's record that an export wrote. Its SSN, if it has one, is nine digits, or was sealed for that record.
 */
export type ImportedRow = {
  /** Where it stands in its file. */
  line: number
  fields: Given
  uid?: string
  ssn?: string
  sealed?: SealedSsn
  /** The external_id of its plan. */
  plan?: string
}
export type Placed = ImportedRow & { place: number }

/** What a row is whose names are those of a record but for accents: that person, or a new one. */
export const ACCENTS = ['same', 'new'] as const
export type Accents = (typeof ACCENTS)[number]

/** The record that a row is, or why that can't be said; neither if it is a new one. */
type Match = { stored?: Given | undefined; errors?: FieldErrors | undefined }

const DECIDE = ': --accents same or --accents new decides for such rows'

/** The last four digits of a row's SSN. */
export const lastFourOf = ({ ssn, sealed }: ImportedRow) => ssn?.slice(-4) ?? sealed?.lastFour

/** The columns that say how a person's name is spelled. */
const spellingsOf = ({ person, identity }: Resource) =>
  person ? (identity?.columns.filter((column) => column.endsWith('_name_identity')) ?? []) : []

/** The columns in which a row and a record are alike if they may be the same. */
export function likenessOf(resource: Resource) {
  const spellings = spellingsOf(resource)
  return resource.identity?.columns.filter((column) => !spellings.includes(column)) ?? []
}

const valuesOf = ({ uid, fields }: ImportedRow, columns: readonly string[]) =>
  JSON.stringify([uid, ...columns.map((name) => fields[name] ?? null)])

/** Gives the same key to the rows of one record. */
export function recordKeys(resource: Resource, accents: Accents | undefined) {
  const columns = accents === 'same' ? likenessOf(resource) : (resource.identity?.columns ?? [])
  const lastFours = new Map<string, string>()
  return (row: ImportedRow) => {
    const key = valuesOf(row, columns)
    const lastFour = lastFourOf(row) ?? ''
    const known = lastFours.get(key) ?? ''
    if (known === '') lastFours.set(key, lastFour)
    return known === '' || lastFour === '' || lastFour === known ? key : key + lastFour
  }
}

/** Matches rows of a resource with records. */
export function matcher(resource: Resource, accents: Accents | undefined) {
  const spellings = spellingsOf(resource)
  const columns = accents === 'new' ? (resource.identity?.columns ?? []) : likenessOf(resource)
  const differing = ({ fields }: ImportedRow, other: Given) =>
    spellings.find((name) => other[name] !== fields[name])

  const onlyInAccents = (spelling: string, whose: string): Match => ({
    errors: { [fieldOf(spelling)]: [`differs from ${whose} only in accents${DECIDE}`] },
  })

  /** Says which of the records that are like a row it is, the oldest first. */
  function match(row: ImportedRow, alike: readonly Given[]): Match {
    const same = alike.filter((stored) => !differing(row, stored))
    const own = same.find(({ uid }) => uid === row.uid)
    if (own) return { stored: own }

    const [first] = alike
    if (!first) return {}
    if (same.length > 0) return matchBySsn(row, same)
    if (accents === 'same') return matchBySsn(row, alike)
    const spelling = differing(row, first)
    return accents === undefined && spelling !== undefined
      ? onlyInAccents(spelling, `#${String(first.id)}`)
      : {}
  }

  /**
   * Matches each row, by place, with the records that are like it. Of two rows that would be the same record, or like
   * one, though they differ in what counts, the second can't be told from the first either.
   */
  return (rows: readonly Placed[], alike: ReadonlyMap<number, readonly Given[]>): Match[] => {
    const seen = new Map<string, Placed>()
    return rows.map((row, n) => {
      const found = match(row, alike.get(n) ?? [])
      if (found.errors) return found

      const target = found.stored ? `#${String(found.stored.id)}` : valuesOf(row, columns)
      const other = seen.get(target)
      if (!other) {
        seen.set(target, row)
        return found
      }
      const spelling = differing(row, other.fields)
      return spelling === undefined || accents === 'same'
        ? { errors: { ssn: [`is another than that of the same person on line ${other.line}`] } }
        : onlyInAccents(spelling, `line ${other.line}`)
    })
  }
}

function matchBySsn(row: ImportedRow, same: readonly Given[]): Match {
  const lastFour = lastFourOf(row)
  const withSsn = same.filter((stored) => stored.ssn_last_four)
  if (lastFour === undefined) {
    const [one] = withSsn
    const other = withSsn.find((stored) => stored.ssn_last_four !== one?.ssn_last_four)
    if (!one || !other) return { stored: same[0] }
    const ids = `#${String(one.id)} and #${String(other.id)}`
    return { errors: { ssn: [`is needed: ${ids} have the same names but different SSNs`] } }
  }
  const stored =
    withSsn.find(({ ssn_last_four }) => ssn_last_four === lastFour) ??
    same.find(({ ssn_last_four }) => !ssn_last_four)
  if (stored) return { stored }
  return { errors: { ssn: [`is another than that of #${String(same[0]?.id)}, the same person`] } }
}
