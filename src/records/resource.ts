import { sql, type SQL } from 'drizzle-orm/sql/sql'
import * as z from 'zod'
import { id, maskedSsn, timestamp } from '../fields/answered.ts'
import { PATIENT } from '../fields/ownable-type.ts'
import { queryId } from '../fields/number.ts'
import { paging } from '../fields/paging.ts'
import { amendedSsn, ssn } from '../fields/person.ts'
import type { Ownable } from '../ownables/queries.ts'
import type { Fields } from '../storage/json.ts'

/** The values of a record by the names of its fields or columns. */
export type Given = Record<string, string | number | null>

/** A field of a resource: said here once, and by its column in the migration. */
export type Field = {
  /** What a client gives. */
  given: z.ZodType<string | number | null>
  /** What a client gives in an amendment, if that is something else. */
  amended?: z.ZodType<string | null>
  /** What is answered. */
  answered: z.ZodType
  /** In a body of the document, and in its answers where they read otherwise. */
  example: string | number | null
  answeredExample?: string
  /** What a creation stores if the field is left out. */
  otherwise?: string | number
  /** How search compares it, kept in the column `…_folded`. */
  folded?: (value: string) => string
  /** How `identity` compares it, kept in the column `…_identity`. */
  identity?: (value: string) => string
  /** Where else in it search begins, as a JSON list of folded texts: kept in the column `…_words`, and in `name_words`. */
  words?: (value: string) => string | null
}

export const field = (
  given: Field['given'],
  answered: z.ZodType,
  example: Field['example'],
): Field => ({ given, answered, example })

/** An SSN is sealed before it is stored, in columns of its own, and answered masked. */
export const ssnField = (example: string): Field => ({
  given: ssn,
  amended: amendedSsn,
  answered: maskedSsn,
  example,
  answeredExample: `***-**-${example.slice(-4)}`,
})

/** A parameter of the list. */
export type Filter<Parameter extends string = string> = {
  query: z.ZodType<string | number | undefined>
  type: 'text' | 'integer'
  /** The condition, given the value. */
  where: (value: SQL) => SQL
} & (
  | {
      /** The index that finds the matches without another filter, and the order in which it has them. */
      index: string
      order: SQL
      /** A refusal names the filter to `add` where there are more matches than `most`. */
      most?: { matches: number; add: Parameter }
      needs?: never
    }
  /** The parameter that this one only narrows. */
  | { needs: Parameter; index?: never; most?: never }
)

export const idFilter = (
  description: string,
  index: string,
  where: Filter['where'],
  order = sql`id`,
) => ({
  query: queryId.optional().meta({ description }),
  type: 'integer' as const,
  where,
  index,
  order,
})

/** A rule over several columns: a SQL condition that is never NULL, and the CHECK of that name in the migration. */
export type Rule<Name extends string = string> = { check: string; field: Name; message: string }

/** The columns that every record has. */
const OURS = ['clinic_id', 'id', 'uid', 'version', 'created_at', 'updated_at'] as const

/** What a resource says of itself: what a record holds, and what can be done with it. */
type Description<Name extends string = string, Parameter extends string = string> = {
  /** The segment of its path, its table, and the key of its list, such as `dependents`. */
  name: string
  /** The key around a record in a body, such as `dependent`. */
  one: string
  /** What it is, for the document. */
  about: string
  exampleId: number
  fields: Record<Name, Field> & { [Ours in (typeof OURS)[number]]?: never }
  /**
   * Whose a record is, for good: the fields of an ownable's id and type, a patient where there is no field for the type,
   * and the filter that lists a patient's records.
   */
  owner: { id: NoInfer<Name>; type?: NoInfer<Name>; filter: NoInfer<Parameter> }
  /** Has names and a date of birth, by which people are searched. */
  person?: boolean
  /** Columns whose value must exist: the condition, given the value and the clinic. */
  references?: Record<string, (value: SQL, clinicId: SQL) => SQL>
  filters: Record<Parameter, Filter<NoInfer<Parameter>>> & {
    [Paging in keyof typeof paging]?: never
  }
  /**
   * The columns in which two records are the same, for `if_exists=return` and imports; `index` finds them. `where` is a
   * further condition on the record `other` and what is `given`.
   */
  identity?: { index: string; columns: readonly string[]; where?: SQL; words: string }
  rules?: Record<string, Rule<NoInfer<Name>>>
}

export type Resource = ReturnType<typeof complete>

/** `person_informations` as people write it: `person informations`. */
const wordsOf = (name: string) => name.replaceAll('_', ' ')
export const sentenceCase = (words: string) => words.charAt(0).toUpperCase() + words.slice(1)
/** `person_information` as types and methods write it: `PersonInformation`. */
export const pascalCase = (name: string) => name.split('_').map(sentenceCase).join('')

/** What can follow from a field, in a column of its own. */
const DERIVED = ['folded', 'identity', 'words'] as const

const SSN_COLUMNS = ['ssn_key_id', 'ssn_sealed', 'ssn_last_four']

/** A resource from what it says of itself. It names no field and no filter that it lacks. */
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
      // No default in the document: generated clients take such a field for one that must be given.
      ofEach(({ given, otherwise }) =>
        otherwise === undefined ? given : given.optional().transform((value = otherwise) => value),
      ),
    )
    .meta({ id: `New${pascalCase(one)}`, examples: [ofEach(({ example }) => example)] })
  const at = '2023-10-20T10:00:00.000Z'
  const example = {
    id: exampleId,
    ...ofEach(({ example, answeredExample = example }) => answeredExample),
    created_at: at,
    updated_at: at,
  }
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
    /** With the columns that each is about. */
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
    /** What a record says: the columns of its table but the clinic's. */
    columns,
    /** The columns that name the owner. */
    ownerColumns: ownerColumnsOf(owner),
    words,
    oneWord,
    tag: sentenceCase(words),
    notFound: `${sentenceCase(oneWord)} not found`,
    /** Its name as SQL, for its table and as a text. */
    table: sql.raw(name),
    text: sql.raw(`'${name}'`),
  }
}

const ownerColumnsOf = ({ id, type }: Description['owner']) =>
  type === undefined ? [id] : [type, id]

export const ownerOf = ({ owner }: Resource, fields: Record<string, unknown>): Ownable => ({
  type: owner.type === undefined ? PATIENT : String(fields[owner.type]),
  id: Number(fields[owner.id]),
})

export const ownerTypeOf = ({ owner }: Resource): SQL => sql.raw(owner.type ?? `'${PATIENT}'`)

/** The columns that follow from the given fields, and from none that is not given. */
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

/** The field that a column follows from. */
export const fieldOf = (column: string) => column.replace(/_(folded|identity|words)$/, '')

/** The documented keys in the documented order; of the SSN no more than its mask. */
const answeredBy = (record: z.ZodObject, hasSsn: boolean): Fields => ({
  ...Object.fromEntries(Object.keys(record.shape).map((key) => [key, null])),
  ...(hasSsn && { ssn: sql`'***-**-' || ssn_last_four` }),
})

/** The same of what a record said until a change, which stands in the journal. */
export const answeredBefore = ({ record, hasSsn }: Resource): Fields => ({
  ...Object.fromEntries(
    Object.keys(record.shape).map((key) => [key, sql.raw(`before ->> '${key}'`)]),
  ),
  ...(hasSsn && { ssn: sql`'***-**-' || (before ->> 'ssn_last_four')` }),
})

/** What a row says, as the journal keeps it. */
export const contentOf = ({ columns }: Resource): SQL =>
  sql.raw(`json_object(${columns.map((name) => `'${name}', ${name}`).join(', ')})`)

/** The ETag of a version: opaque to clients, and different for the records of two clinics with one id. */
export const etagColumn = (uid = 'uid', version = 'version'): SQL =>
  sql.raw(`substr(${uid}, 1, 8) || '.' || ${version}`)
