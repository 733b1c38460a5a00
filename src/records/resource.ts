import { sql, type SQL } from 'drizzle-orm/sql/sql'
import * as z from 'zod'
import { id, maskedSsn, timestamp } from '../fields/answered.ts'
import { PATIENT } from '../fields/ownable-type.ts'
import { queryId, recordId } from '../fields/number.ts'
import type { PageRequest } from '../fields/paging.ts'
import { amendedSsn, ssn } from '../fields/person.ts'
import { oneWordOf } from '../fields/text.ts'
import type { Ownable } from '../ownables/queries.ts'
import type { Fields } from '../storage/json.ts'

/** A record's values, by field or column. */
export type Given = Record<string, string | number | null>

/** A field of a resource. Its column is in the migration. */
export type Field = {
  /** What a client sends. */
  given: z.ZodType<string | number | null>
  /** What a client sends in an amendment, if that differs. */
  amended?: z.ZodType<string | null>
  answered: z.ZodType
  /** The example in the document's bodies, and the one in its answers if they differ. */
  example: string | number | null
  answeredExample?: string
  /** What a creation stores if the field is left out. */
  otherwise?: string | number
  /** Folds it for search; stored in the column `…_folded`. */
  folded?: (value: string) => string
  /** Folds it to compare identities; stored in the column `…_identity`. */
  identity?: (value: string) => string
  /** Where else search finds it, as a JSON list of folded texts; stored in the column `…_words` and in `name_words`. */
  words?: (value: string) => string | null
}

export const field = (
  given: Field['given'],
  answered: z.ZodType,
  example: Field['example'],
): Field => ({ given, answered, example })

/** The field of the owner's id. */
export const ownerId = (description: string) => field(recordId.describe(description), id, 1049)

/** A field that holds one of the words. */
export const wordField = (words: readonly string[], description: string, example: string) =>
  field(oneWordOf(words).describe(description), z.enum(words), example)

/** An SSN is sealed before it is stored, in columns of its own, and answered masked. */
export const ssnField = (example: string): Field => ({
  given: ssn,
  amended: amendedSsn,
  answered: maskedSsn,
  example,
  answeredExample: `***-**-${example.slice(-4)}`,
})

/** A query parameter that filters the list. */
export type Filter<Parameter extends string = string> = {
  query: z.ZodType<string | number | undefined>
  type: 'text' | 'integer'
  /** The condition, given the value. */
  where: (value: SQL) => SQL
} & (
  | {
      /** The index that finds the matches without another filter, and its order. */
      index: string
      order: SQL
      /** With more matches than this, the error names the filter to `add`. */
      most?: { matches: number; add: Parameter }
      needs?: never
    }
  /** The parameter that this one needs, and narrows. */
  | { needs: Parameter; index?: never; most?: never }
)

export const idFilter = (
  description: string,
  index: string,
  where: Filter['where'],
  order = sql`id`,
) => ({
  query: queryId.optional().describe(description),
  type: 'integer' as const,
  where,
  index,
  order,
})

/** A rule over several columns. Its condition is never NULL, and is also a CHECK of that name in the migration. */
type Rule<Name extends string = string> = { check: string; field: Name; message: string }

/** The columns that every record has. */
const OURS = ['clinic_id', 'id', 'uid', 'version', 'created_at', 'updated_at'] as const

/** What a resource file defines: what a record holds, and what can be done with it. */
type Description<Name extends string = string, Parameter extends string = string> = {
  /** Its path segment, table and list key, such as `dependents`. */
  name: string
  /** The key around a record in a body, such as `dependent`. */
  one: string
  /** What it is, for the document. */
  about: string
  exampleId: number
  fields: Record<Name, Field> & { [Ours in (typeof OURS)[number]]?: never }
  /**
   * The owner, which never changes: the fields of the ownable's id and type (a patient if there is no type field), and
   * the filter that lists a patient's records.
   */
  owner: { id: NoInfer<Name>; type?: NoInfer<Name>; filter: NoInfer<Parameter> }
  /** Has names and a date of birth, so it can be searched. */
  person?: boolean
  /** Columns whose value must exist elsewhere: the SQL condition, given the value and the clinic. */
  references?: Record<string, (value: SQL, clinicId: SQL) => SQL>
  filters: Record<Parameter, Filter<NoInfer<Parameter>>> & { [Paging in keyof PageRequest]?: never }
  /**
   * Two records that agree in these columns are the same, for `if_exists=return` and imports; `index` finds them.
   * `where` adds a condition on the `other` record and the `given` one.
   */
  identity?: { index: string; columns: readonly string[]; where?: SQL; words: string }
  rules?: Record<string, Rule<NoInfer<Name>>>
}

export type Resource = ReturnType<typeof complete>

/** `person_informations` as people write it: `person informations`. */
const wordsOf = (name: string) => name.replaceAll('_', ' ')
const sentenceCase = (words: string) => words.charAt(0).toUpperCase() + words.slice(1)
/** `person_information` as types and methods write it: `PersonInformation`. */
export const pascalCase = (name: string) => name.split('_').map(sentenceCase).join('')

/** What can be derived from a field, each in its own column. */
const DERIVED = ['folded', 'identity', 'words'] as const

const SSN_COLUMNS = ['ssn_key_id', 'ssn_sealed', 'ssn_last_four']

/** Defines a resource. The types make sure that it names only fields and filters that it has. */
export const resource = <Name extends string, Parameter extends string>(
  description: Description<Name, Parameter>,
): Resource => complete(description)

function complete(description: Description) {
  const { name, one, fields, owner, exampleId, rules = {} } = description
  const entries = Object.entries(fields)
  const ofEach = <Value>(value: (field: Field) => Value) =>
    Object.fromEntries(entries.map(([name, field]) => [name, value(field)]))
  const hasSsn = 'ssn' in fields
  const columns = [
    ...['id', 'uid', 'version'],
    ...Object.keys(fields).filter((field) => field !== 'ssn'),
    ...entries.flatMap(([name, field]) =>
      DERIVED.filter((how) => field[how]).map((how) => `${name}_${how}`),
    ),
    ...(hasSsn ? SSN_COLUMNS : []),
    ...['created_at', 'updated_at'],
  ]

  const given = z
    .strictObject(
      // No default in the document: generated clients treat a field that has one as required.
      ofEach(({ given, otherwise }) =>
        otherwise === undefined ? given : given.optional().transform((value = otherwise) => value),
      ),
    )
    .meta({ id: `New${pascalCase(one)}`, examples: [ofEach(({ example }) => example)] })
  const at = '2023-10-20T10:00:00.000Z'
  const examples = ofEach(({ example, answeredExample = example }) => answeredExample)
  const example = { id: exampleId, ...examples, created_at: at, updated_at: at }
  const times = { created_at: timestamp, updated_at: timestamp }
  const record = z
    .object({ id, ...ofEach(({ answered }) => answered), ...times })
    .meta({ id: pascalCase(one), examples: [example] })
  const words = wordsOf(name)
  const oneWord = wordsOf(one)
  return {
    person: false,
    references: {},
    ...description,
    /** Each with the columns that it mentions. */
    rules: Object.fromEntries(
      Object.entries(rules).map(([rule, { check, ...about }]) => {
        const named: readonly string[] = check.match(/\w+/g) ?? []
        return [rule, { ...about, check, columns: columns.filter((name) => named.includes(name)) }]
      }),
    ),
    hasSsn,
    given,
    record,
    answered: answeredBy(record, hasSsn),
    /** A record's content: every column of its table except clinic_id. */
    columns,
    ownerColumns: owner.type === undefined ? [owner.id] : [owner.type, owner.id],
    words,
    oneWord,
    tag: sentenceCase(words),
    notFound: `${sentenceCase(oneWord)} not found`,
    /** Its name in SQL, as a table and as a string. */
    table: sql.raw(name),
    text: sql.raw(`'${name}'`),
  }
}

export const ownerOf = ({ owner }: Resource, fields: Record<string, unknown>): Ownable => ({
  type: owner.type === undefined ? PATIENT : String(fields[owner.type]),
  id: Number(fields[owner.id]),
})

export const ownerTypeOf = ({ owner }: Resource): SQL => sql.raw(owner.type ?? `'${PATIENT}'`)

export const derivedFrom = ({ fields }: Resource, given: Record<string, unknown>): Given =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]) => {
      const value = given[name]
      if (value === undefined) return []
      return DERIVED.flatMap((how) => {
        const derive = field[how]
        if (!derive) return []
        return [[`${name}_${how}`, typeof value === 'string' ? derive(value) : null]]
      })
    }),
  )

/** The field that a column is derived from. */
export const fieldOf = (column: string) => column.replace(/_(folded|identity|words)$/, '')

/** The documented keys in the documented order; the SSN only as its mask. */
const answeredBy = (record: z.ZodObject, hasSsn: boolean): Fields => ({
  ...Object.fromEntries(Object.keys(record.shape).map((key) => [key, null])),
  ...(hasSsn && { ssn: sql`'***-**-' || ssn_last_four` }),
})

/** The same for a record before a change, from the journal. */
export const answeredBefore = ({ answered, hasSsn }: Resource): Fields => ({
  ...Object.fromEntries(Object.keys(answered).map((key) => [key, sql.raw(`before ->> '${key}'`)])),
  ...(hasSsn && { ssn: sql`'***-**-' || (before ->> 'ssn_last_four')` }),
})

/** A row's content as the journal stores it. */
export const contentOf = ({ columns }: Resource): SQL =>
  sql.raw(`json_object(${columns.map((name) => `'${name}', ${name}`).join(', ')})`)

/** The ETag of a version, opaque to clients. The uid makes it differ between two clinics' records with the same id. */
export const etagColumn = (uid = 'uid', version = 'version'): SQL =>
  sql.raw(`substr(${uid}, 1, 8) || '.' || ${version}`)
