import type { FieldErrors } from '../../http/errors.ts'
import { fieldOf, type Given, type Resource } from '../../records/resource.ts'
import type { SealedSsn } from '../../ssn/seal.ts'

// Decides which record a row of a file is. If in doubt, it asks rather than merge two people or split one.

/**
 * A validated row: `fields` are the given ones and the columns derived from them; `uid` is the exported record's, if an
 * export wrote the row. An SSN is nine digits, or sealed for that record.
 */
export type ImportedRow = {
  line: number
  fields: Given
  uid?: string
  ssn?: string
  sealed?: SealedSsn
  plan?: string
}

/** How to treat a row whose names differ from a record's only in accents: as the same person, or a new one. */
export const ACCENTS = ['same', 'new'] as const
export type Accents = (typeof ACCENTS)[number]

/** A row's record, or why it can't be decided; neither if the row is new. */
type Match = { stored?: Given | undefined; errors?: FieldErrors | undefined }

const DECIDE = ': --accents same or --accents new decides for such rows'

export const lastFourOf = ({ ssn, sealed }: ImportedRow) => ssn?.slice(-4) ?? sealed?.lastFour

/** The columns that identify a record: `spellings` are a person's names, with accents; `likeness` is the rest. */
export function identityOf({ person, identity }: Resource) {
  const columns = identity?.columns ?? []
  const isSpelling = (column: string) => person && column.endsWith('_name_identity')
  const likeness = columns.filter((column) => !isSpelling(column))
  return { columns, spellings: columns.filter(isSpelling), likeness }
}

const valuesOf = ({ uid, fields }: ImportedRow, columns: readonly string[]) =>
  JSON.stringify([uid, ...columns.map((name) => fields[name] ?? null)])

/** Finds which rows of a file are the same record, and which record that is. */
export function matcher(resource: Resource, accents: Accents | undefined) {
  const { columns, spellings, likeness } = identityOf(resource)
  const lastFours = new Map<string, string>()
  const differing = ({ fields }: ImportedRow, other: Given) =>
    spellings.find((name) => other[name] !== fields[name])

  const onlyInAccents = (spelling: string, whose: string): Match => ({
    errors: { [fieldOf(spelling)]: [`differs from ${whose} only in accents${DECIDE}`] },
  })

  /** Returns the same key for the rows of one record. */
  function keyOf(row: ImportedRow) {
    const key = valuesOf(row, accents === 'same' ? likeness : columns)
    const lastFour = lastFourOf(row) ?? ''
    const known = lastFours.get(key) ?? ''
    if (known === '') lastFours.set(key, lastFour)
    return known === '' || lastFour === '' || lastFour === known ? key : key + lastFour
  }

  /** Picks the row's record from those that are like it, oldest first. */
  function matchOne(row: ImportedRow, alike: readonly Given[]): Match {
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
   * Matches each row, by place, with the records that are like it. If two rows match the same record but differ in SSN
   * or accents, the second gets an error.
   */
  function match(rows: readonly ImportedRow[], alike: ReadonlyMap<number, readonly Given[]>) {
    const seen = new Map<string, ImportedRow>()
    return rows.map((row, n): Match => {
      const found = matchOne(row, alike.get(n) ?? [])
      if (found.errors) return found

      const target = found.stored
        ? `#${String(found.stored.id)}`
        : valuesOf(row, accents === 'new' ? columns : likeness)
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
  return { keyOf, match }
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
