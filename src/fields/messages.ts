/** Field errors in the wording of Rails, which integrators of this API already parse. */
export const BLANK = "can't be blank"
export const INVALID = 'is invalid'
export const LIKE_AN_SSN = 'looks like an SSN'
export const MUST_EXIST = 'must exist'
export const notOneOf = (allowed: readonly string[]) =>
  allowed.length === 1 ? `must be ${allowed[0]}` : `must be one of ${allowed.join(', ')}`
export const NOT_A_NUMBER = 'is not a number'
export const NOT_A_BOOKMARK = 'is not a bookmark: send what an answer gave you, or nothing'
export const NOT_A_KEY = 'must be 1 to 255 printable ASCII characters'
export const SENT_AS_TEXT = 'is not a number: it was sent as text, in quotes'
export const NOT_AN_INTEGER = 'must be an integer'
export const CANNOT_CHANGE = "can't be changed"
export const IN_FUTURE = "can't be in the future"
export const tooSmall = (minimum: number) =>
  minimum === 1 ? 'must be greater than 0' : `must be greater than or equal to ${minimum}`
export const tooLarge = (maximum: number) => `must be less than or equal to ${maximum}`
export const tooLong = (maximum: number) => `is too long (maximum is ${maximum} characters)`

/** Whether a text is invisible: blanks, format characters, and the few others that don't show. */
export const isBlank = (text: string) =>
  !/[^\s\p{Cf}\p{Default_Ignorable_Code_Point}\u2800\u{1D159}]/u.test(text)

/** For a zod `error`: BLANK for a missing or blank value, `otherwise` for any other of a wrong type. */
export const blankOr =
  (otherwise: string) =>
  ({ input }: { input: unknown }) =>
    input === undefined || input === null || (typeof input === 'string' && isBlank(input))
      ? BLANK
      : otherwise
