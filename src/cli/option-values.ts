import { clinicId } from '../fields/clinic-id.ts'
import { Misuse } from './failure.ts'

const DAY = 24 * 60 * 60 * 1000
const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: DAY }

/** The clinic that `--clinic` names. Throws Misuse. */
export function clinicNamed(text: string): string {
  const clinic = clinicId.safeParse(text)
  if (!clinic.success) throw new Misuse(`--clinic: ${clinic.error.issues[0]?.message}`)
  return clinic.data
}

/** `90d`, `12h`, `30m` or `10s` in milliseconds. Throws Misuse. */
export function duration(option: string, text: string): number {
  const [, amount, unit = ''] = /^([1-9]\d{0,4})([smhd])$/.exec(text) ?? []
  if (amount === undefined)
    throw new Misuse(`${option}: use a number and s, m, h or d, such as 90d`)
  return Number(amount) * (UNITS[unit] ?? DAY)
}
