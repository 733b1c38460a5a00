import { InvalidArgumentError } from 'commander'
import * as z from 'zod'
import { clinicId } from '../../fields/clinic-id.ts'
import { recordId } from '../../fields/number.ts'
import { text } from '../../fields/text.ts'
import { cellName } from '../../tokens/cell.ts'
import { SCOPES, tokenRecord } from '../../tokens/record.ts'
import { argument, option, required } from './command.ts'

// Parsers of option values. Commander puts the option's name before each message.

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

const parser =
  <Value>(schema: z.ZodType<Value>, message: string) =>
  (value: string): Value => {
    const parsed = schema.safeParse(value)
    if (!parsed.success) throw new InvalidArgumentError(message)
    return parsed.data
  }

export const parseClinic = parser(clinicId, 'Use 1 to 64 of a-z, 0-9, _ and -.')

export const parseLabel = parser(text(100), 'Use 1 to 100 characters.')

export const parseCell = parser(cellName, 'Use 1 to 16 of a-z, 0-9 and -, a letter first.')

export const parseScopes = parser(
  z.preprocess((list: string) => list.trim().split(/\s*,\s*/), tokenRecord.shape.scopes),
  `Use one or more of ${SCOPES.join(',')}.`,
)

export const parseDomain = parser(
  z.string().regex(/^([a-z0-9-]+\.)+[a-z]{2,}$/),
  'Use a host name, such as api.example.com.',
)

export const oneOf = <const Value extends string>(values: readonly Value[]) =>
  parser(z.enum(values), `Use ${values.join(', ')}.`)

const digits = z.string().regex(/^\d+$/).transform(Number)

export const parseId = parser(digits.pipe(recordId), 'Use an id, such as 1049.')

/** A whole number from `from` to `to`, both included. */
export const wholeNumber = (from: number, to: number) =>
  parser(digits.pipe(z.int().min(from).max(to)), `Use a number from ${from} to ${to}.`)

/** `90d`, `12h`, `30m` or `10s`, in milliseconds. */
export function parseDuration(value: string): number {
  const [, amount, letter = ''] = /^([1-9]\d{0,4})([smhd])$/.exec(value) ?? []
  const unit = UNITS[letter]
  if (unit) return Number(amount) * unit
  throw new InvalidArgumentError('Use a number and s, m, h or d, such as 90d.')
}

/** A token's lifetime in milliseconds, from a duration; undefined for `never`. */
export const parseLifetime = (value: string): { lifetime: number | undefined } => ({
  lifetime: value === 'never' ? undefined : parseDuration(value),
})

/** A time such as `2026-07-30T12:00:00Z`, or a duration before now such as `24h`, in ISO 8601 to the millisecond. */
export function parseSince(value: string): string {
  const isTime = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z)?$/.test(value)
  const time = isTime ? Date.parse(value) : Date.now() - parseDuration(value)
  if (Number.isNaN(time)) throw new InvalidArgumentError('There is no such day or time.')
  return new Date(time).toISOString()
}

export const clinicArgument = argument('<id>', 'the clinic, as `list` shows it', parseClinic)

/** The clinic whose records, tokens or ownables a command works on. */
export const clinicOption = required('--clinic <id>', 'the clinic, as `list` shows it', parseClinic)

export const outOption = option(
  '--out <file>',
  'a new file that only you can read (default: stdout)',
)
