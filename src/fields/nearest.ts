import { distance } from 'fastest-levenshtein'

/** Spells `patientId[]`, `Patient-ID` and `patient_id` the same. */
const normalized = (name: string) =>
  name
    .replace(/\[.*$/, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[-. ]/g, '_')
    .toLowerCase()

/** Synonyms, from here and from other APIs. The first known one is suggested. */
const SYNONYMS = [
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

/** A longer name is near none of ours, and slow to compare. */
const LONGEST = 100

/** The known name that was probably meant: spelled differently, mistyped, or with words around it. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length > LONGEST) return undefined
  const asked = normalized(name)
  const other = SYNONYMS.flatMap((names) => (names.includes(asked) ? names : [])).find(
    (candidate) => candidate !== asked && known.includes(candidate),
  )
  if (other !== undefined) return other
  const mistakes = (candidate: string) => {
    if (asked === candidate || asked === candidate.replaceAll('_', '')) return 0
    const isWithin = `_${asked}_`.includes(`_${candidate}_`) && candidate.length > 2
    return isWithin ? 1 : distance(asked, candidate)
  }
  const [best] = known
    .map((candidate) => ({ candidate, mistakes: mistakes(candidate) }))
    .sort((a, b) => a.mistakes - b.mistakes)
  const isNear = best && best.mistakes <= Math.min(2, Math.floor(best.candidate.length / 3))
  return isNear ? best.candidate : undefined
}
