import { sha256 } from '../storage/sha256.ts'
import { CELL } from './cell.ts'

/**
 * A token is `clinic_` + 43 base62 digits of 256 random bits + 6 base62 digits of a CRC-32 over all before them. The
 * prefix lets secret scanners find a leaked one; the checksum catches a typo without a read. In a cell, the prefix has
 * the cell's name, such as `clinic_eu_`, so that another cell can tell where the token belongs.
 */
const PREFIX = 'clinic_'
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const SECRET_BYTES = 32
const SECRET_DIGITS = 43
const CHECKSUM_DIGITS = 6
const WELL_FORMED = new RegExp(
  `^${PREFIX}(?:(${CELL})_)?[0-9A-Za-z]{${SECRET_DIGITS + CHECKSUM_DIGITS}}$`,
)

export const KEY_PREFIX = 'token:'

/** Makes a new token, of the cell if there is one. Only the clinic keeps it: we store its `tokenKey`. */
export function mintToken(cell?: string): string {
  const prefix = cell === undefined ? PREFIX : `${PREFIX}${cell}_`
  const random = crypto.getRandomValues(new Uint8Array(SECRET_BYTES))
  const secret = random.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
  return withChecksum(prefix + base62(secret, SECRET_DIGITS))
}

/** The cell that a token names, if any. */
export const cellOfToken = (token: string) => WELL_FORMED.exec(token)?.[1]

/** Whether prefix, alphabet, length and checksum are right, not whether the token was issued. */
export const isWellFormedToken = (candidate: string): boolean =>
  WELL_FORMED.test(candidate) && withChecksum(candidate.slice(0, -CHECKSUM_DIGITS)) === candidate

export const withChecksum = (prefixAndSecret: string): string =>
  prefixAndSecret + base62(BigInt(crc32(prefixAndSecret)), CHECKSUM_DIGITS)

/** The key of a token's record in KV: `token:` and the SHA-256 of the token in hex. */
export const tokenKey = async (token: string) => KEY_PREFIX + (await sha256(token))

/** The public name of a token, 16 hex digits of its hash: for logs and lists, useless as a credential. */
export const tokenIdOf = (key: string) => key.slice(KEY_PREFIX.length, KEY_PREFIX.length + 16)

function base62(value: bigint, digits: number): string {
  let text = ''
  for (let rest = value; text.length < digits; rest /= 62n) text = BASE62[Number(rest % 62n)] + text
  return text
}

/** CRC-32 of ISO 3309, bit by bit: fifty characters need no table. */
function crc32(text: string): number {
  let crc = ~0
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}
