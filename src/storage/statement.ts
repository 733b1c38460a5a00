import { CasingCache } from 'drizzle-orm/casing'
import { is } from 'drizzle-orm/entity'
import { Placeholder, sql, type SQL } from 'drizzle-orm/sql/sql'
import type { Session } from './session.ts'

/** What a named value may be, by its type; with `?` it may be null. */
type Value = { text: string; integer: number; 'text?': string | null; 'integer?': number | null }
export type Types = Readonly<Record<string, keyof Value>>

export type ValuesOf<All extends Types> = { -readonly [Name in keyof All]: Value[All[Name]] }

/** One SQL statement: the values that it needs, and the rows that it returns. */
export type Statement<Needs = never, Row = unknown> = {
  /** The whole SQL, with `?1`, `?2` … for the values called `names`. */
  text: () => { sql: string; names: readonly string[] }
  bind: (db: Session, values: Needs) => D1PreparedStatement
  row?: Row
}

/** A test sets this to see every statement. The Worker leaves it unset. */
export const observer: { see?: (module: string, statement: Statement) => void } = {}

/**
 * Declares the values that a module's statements use, as `$.clinicId`, and returns the function that makes such a
 * statement. `module` is the module's name in the snapshot of all statements.
 */
export function statements<const All extends Types>(module: string, types: All) {
  return {
    $: namesOf(types),
    statement<Row = never>(query: SQL): Statement<ValuesOf<All>, Row> {
      let written: ReturnType<typeof write> | undefined
      // Written on first use, once per isolate.
      const text = () => (written ??= write(query))
      const made = {
        text,
        bind(db: Session, values: Record<string, string | number | null>) {
          const { sql, names } = text()
          return db.prepare(sql).bind(...names.map((name) => values[name]))
        },
      }
      observer.see?.(module, made)
      return made
    },
  }
}

/** D1 binds every number as REAL, and `7 / 2.0` is 3.5, so every integer is cast. */
function namesOf<All extends Types>(types: All): { readonly [Name in keyof All]: SQL }
function namesOf(types: Types) {
  const named = Object.entries(types).map(([name, type]) => {
    const value = sql.placeholder(name)
    return [name, type.startsWith('integer') ? sql`CAST(${value} AS INTEGER)` : sql`${value}`]
  })
  return Object.fromEntries(named)
}

/**
 * D1 knows values only by number, so each name gets one. Identifiers aren't quoted: SQLite takes a misspelt one in
 * double quotes for a string.
 */
function write(query: SQL) {
  const names: string[] = []
  const { sql } = query.toQuery({
    casing: new CasingCache(),
    escapeName: (name) => name,
    escapeString: (value) => `'${value}'`,
    escapeParam(_, value) {
      if (!is(value, Placeholder)) throw new Error('SQL names its values: use $')
      if (!names.includes(value.name)) names.push(value.name)
      return `?${names.indexOf(value.name) + 1}`
    },
  })
  return { sql, names }
}

/** Statements that need no more than these values, by name. */
export type Batch<Values> = Record<string, Statement<Values>>
export type RowsOf<All extends Batch<never>> = {
  [Name in keyof All]: NonNullable<Required<All>[Name]['row']>[]
}

/** Runs the statements in order, as one transaction, and returns the rows of each under its name. */
export async function batch<Values, All extends Batch<Values>>(
  db: Session,
  all: All,
  values: Values,
): Promise<RowsOf<All>>
export async function batch(db: Session, all: Batch<unknown>, values: unknown): Promise<object> {
  const answers = await db.batch(Object.values(all).map(({ bind }) => bind(db, values)))
  return Object.fromEntries(Object.keys(all).map((name, n) => [name, answers[n]?.results ?? []]))
}

export async function rows<Needs, Row>(
  db: Session,
  statement: Statement<Needs, Row>,
  values: Needs,
): Promise<Row[]> {
  const [answer] = await db.batch<Row>([statement.bind(db, values)])
  return answer?.results ?? []
}

export const first = async <Needs, Row>(
  db: Session,
  statement: Statement<Needs, Row>,
  values: Needs,
): Promise<Row | undefined> => (await rows(db, statement, values))[0]

/** Runs one statement and returns how many rows it changed. */
export async function changedRows<Needs>(db: Session, statement: Statement<Needs>, values: Needs) {
  const [answer] = await db.batch([statement.bind(db, values)])
  return answer?.meta.changes ?? 0
}
