import { distance } from 'fastest-levenshtein'

/** `patientId[]`, `Patient-ID` and `patient_id` as one spelling. */
const asKnown = (name: string) =>
  name
    .replace(/\[.*$/, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[-. ]/g, '_')
    .toLowerCase()

/** Names that mean one thing, here or elsewhere. The first that is known is meant. */
const SAME = [
  ['ownable_id', 'primary_holder_id', 'patient_id', 'patient', 'ownable', 'holder_id'],
  ['ownable_type', 'plan_type', 'relationship', 'type'],
  ['page_size', 'limit', 'per_page'],
  ['after', 'since', 'last_seq'],
  ['after', 'page', 'page_number', 'offset'],
  ['search', 'q', 'query'],
  ['sort_by', 'sort'],
  ['sort_dir', 'order'],
  ['date_of_birth', 'dob', 'birth_date'],
]

/** A name as long as this is near none; to compare it would take time. */
const LONGEST = 100

/** The known name that was probably meant: one spelled otherwise, mistyped, or with words around it. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length > LONGEST) return undefined
  const plain = asKnown(name)
  const other = SAME.flatMap((names) => (names.includes(plain) ? names : [])).find(
    (candidate) => candidate !== plain && known.includes(candidate),
  )
  if (other !== undefined) return other
  const mistakes = (candidate: string) => {
    if (plain === candidate || plain === candidate.replaceAll('_', '')) return 0
    const isWithin = `_${plain}_`.includes(`_${candidate}_`) && candidate.length > 2
    return isWithin ? 1 : distance(plain, candidate)
  }
  const [best] = known
    .map((candidate) => ({ candidate, mistakes: mistakes(candidate) }))
    .sort((a, b) => a.mistakes - b.mistakes)
  const isNear = best && best.mistakes <= Math.min(2, Math.floor(best.candidate.length / 3))
  return isNear ? best.candidate : undefined
}
