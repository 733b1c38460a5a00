import type { Context } from 'hono'
import type { Env } from '../env.ts'
import type { FieldErrors } from '../http/errors.ts'
import { rows } from '../storage/statement.ts'
import { placeIn, prefixed } from './answers.ts'
import { MOST_RECORDS, partOf } from './bodies.ts'
import { brokenIn, errorsOfBroken, idsNamed, selectBroken } from './refusals.ts'
import type { Resource } from './resource.ts'

/**
 * What else is wrong with a body that is refused already: the references and rules that storage alone can tell, as far
 * as the fields that they are about are right. So one answer names everything.
 */
export function furtherErrors(resource: Resource) {
  const { name, one, fields, owner, ownerColumns, references, rules } = resource
  const select = selectBroken(resource)
  const conditions = [owner.id, ...Object.keys(references), ...Object.keys(rules)]

  /**
   * The fields of a record as it was sent that are right, and the references and rules that can't be judged: they are
   * about a field that is wrong or, in a new record, missing.
   */
  function judged(sent: unknown, isNew: boolean) {
    const given: Record<string, unknown> = {}
    const isRecord = typeof sent === 'object' && sent !== null && !Array.isArray(sent)
    if (!isRecord) return { given, unjudged: conditions }

    const wrong = new Set<string>()
    for (const [field, schema] of Object.entries(fields)) {
      const value = partOf(sent, field)
      if (value === undefined && !isNew) continue
      const parsed = schema.given.safeParse(value)
      if (parsed.success) given[field] = parsed.data
      else wrong.add(field)
    }
    const isOwnerGiven = ownerColumns.every((column) => column in given)
    const unjudged = [
      ...(isOwnerGiven ? [] : [owner.id]),
      ...Object.keys(references).filter((column) => wrong.has(column)),
      ...Object.entries(rules)
        .filter(([, { columns }]) => columns.some((column) => wrong.has(column)))
        .map(([rule]) => rule),
    ]
    return { given, unjudged }
  }

  async function ask(c: Context<Env>, sent: readonly unknown[], id?: number) {
    const records = sent.map((record) => judged(record, id === undefined))
    if (records.every(({ unjudged }) => unjudged.length === conditions.length)) return []
    c.set('isTelling', true)
    if (id === undefined)
      c.set(
        'recordIds',
        idsNamed(
          resource,
          records.map(({ given }) => given),
        ),
      )
    const broken = await rows(c.get('db'), select, {
      clinicId: c.get('caller').clinicId,
      rows: JSON.stringify(records.map(({ given }) => ({ ...given, ...(id && { id }) }))),
    })
    return brokenIn(broken).map(({ place, names }) => ({
      place,
      errors: errorsOfBroken(
        resource,
        names.filter((each) => !records[place]?.unjudged.includes(each)),
      ),
    }))
  }

  return {
    async ofOne(c: Context<Env>, sent: unknown): Promise<FieldErrors> {
      const [found] = await ask(c, [partOf(sent, one)])
      return found?.errors ?? {}
    },
    async ofMany(c: Context<Env>, sent: unknown): Promise<FieldErrors> {
      const records = partOf(sent, name)
      if (!Array.isArray(records) || records.length > MOST_RECORDS) return {}
      const found = await ask(c, records)
      return Object.assign(
        {},
        ...found.map(({ place, errors }) => prefixed(errors, placeIn(resource)(place))),
      )
    },
    /** Of an amendment, with what the record of that id says already. */
    async ofAmendment(c: Context<Env>, sent: unknown, id: number): Promise<FieldErrors> {
      if (conditions.length === 1) return {}
      const [found] = await ask(c, [partOf(sent, one)], id)
      const { [owner.id]: _, ...errors } = found?.errors ?? {}
      return errors
    },
  }
}
