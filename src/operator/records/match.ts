import type { FieldErrors } from '../../http/errors.ts'
import { fieldOf, type Given, type Resource } from '../../records/resource.ts'
import type { SealedSsn } from '../../ssn/seal.ts'

// Which record a row of a file is. An import would rather ask than take two people for one, or make two of one.

/**
 * A row as it was validated: `fields` are those that it gives, with the columns that follow from them; `uid` is that of
 * the clinic's record that an export wrote. Its SSN, if it has one, is nine digits, or was sealed for that record.
 */
export type ImportedRow = {
  fields: Given
  /** Where it stands in its file. */
  line?: number
  uid?: string
  ssn?: string
  sealed?: SealedSsn
}
export type Placed = ImportedRow & { place: number }

/** What a row is whose names are those of a record but for accents: that person, or a new one. */
export const ACCENTS = ['same', 'new'] as const
export type Accents = (typeof ACCENTS)[number]

/** The record that a row is, or why that can't be said; neither if it is a new one. */
type Match = { stored?: Given | undefined; errors?: FieldErrors }

const DECIDE = ': --accents same or --accents new decides for such rows'

/** The last four digits of a row's SSN. */
export const lastFourOf = ({ ssn, sealed }: Pick<ImportedRow, 'ssn' | 'sealed'>) =>
  ssn?.slice(-4) ?? sealed?.lastFour

const isSpelling = (column: string) => column.endsWith('_name_identity')

/** The columns that say how a person's name is spelled. */
const spellingsOf = ({ person, identity }: Resource) =>
  person ? (identity?.columns.filter(isSpelling) ?? []) : []

/** The columns in which a row and a record are alike if they may be the same. */
export const likenessOf = ({ person, identity }: Resource) =>
  identity?.columns.filter((column) => !(person && isSpelling(column))) ?? []

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
  const isSpelledAs = (row: ImportedRow, other: Given) =>
    spellings.every((name) => other[name] === row.fields[name])

  function onlyInAccents({ fields }: ImportedRow, other: Given, whose: string): FieldErrors {
    const differing = spellings.find((name) => other[name] !== fields[name]) ?? ''
    return { [fieldOf(differing)]: [`differs from ${whose} only in accents${DECIDE}`] }
  }

  /** Says which of the records that are like a row it is, the oldest first. */
  function match(row: ImportedRow, alike: readonly Given[]): Match {
    const spelledAlike = alike.filter((stored) => isSpelledAs(row, stored))
    const own = spelledAlike.find(({ uid }) => row.uid !== undefined && uid === row.uid)
    if (own) return { stored: own }

    const [first] = alike
    if (!first || (spelledAlike.length === 0 && accents === 'new')) return {}
    if (spelledAlike.length === 0 && accents === undefined) {
      return { errors: onlyInAccents(row, first, `#${String(first.id)}`) }
    }
    return matchBySsn(row, spelledAlike.length > 0 ? spelledAlike : alike)
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

  /**
   * Matches each row, by place, with the records that are like it. Of two rows that would be the same record, or like
   * one, though they differ in what counts, the second can't be told from the first either.
   */
  return (rows: readonly Placed[], alike: ReadonlyMap<number, readonly Given[]>): Match[] => {
    const seen = new Map<string, Placed>()
    const columns = accents === 'new' ? (resource.identity?.columns ?? []) : likenessOf(resource)
    return rows.map((row, n) => {
      const found = match(row, alike.get(n) ?? [])
      if (found.errors) return found

      const target = found.stored ? `#${String(found.stored.id)}` : valuesOf(row, columns)
      const other = seen.get(target)
      if (!other) {
        seen.set(target, row)
        return found
      }
      const whose = `line ${String(other.line)}`
      return isSpelledAs(row, other.fields) || accents === 'same'
        ? { errors: { ssn: [`is another than that of the same person on ${whose}`] } }
        : { errors: onlyInAccents(row, other.fields, whose) }
    })
  }
}
