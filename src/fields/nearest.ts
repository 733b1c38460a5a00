import { distance } from 'fastest-levenshtein'

/** `patientId[]`, `Patient-ID` and `patient_id` as one spelling. */
const asKnown = (name: string) =>
  name
    .replace(/\[.*$/, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[-. ]/g, '_')
    .toLowerCase()

/** What others call the same, and what another resource does. The first that is known here is meant. */
const OTHER_NAMES: Record<string, readonly string[]> = {
  patient_id: ['ownable_id', 'primary_holder_id'],
  patient: ['patient_id', 'ownable_id', 'primary_holder_id'],
  ownable_id: ['primary_holder_id', 'patient_id'],
  ownable: ['ownable_id', 'patient_id', 'primary_holder_id'],
  primary_holder_id: ['ownable_id', 'patient_id'],
  holder_id: ['primary_holder_id'],
  type: ['ownable_type', 'plan_type', 'relationship'],
  per_page: ['page_size'],
  limit: ['page_size'],
  page_number: ['page'],
  offset: ['after', 'page'],
  since: ['after'],
  last_seq: ['after'],
  q: ['search'],
  query: ['search'],
  sort: ['sort_by'],
  order: ['sort_dir'],
  dob: ['date_of_birth'],
  birth_date: ['date_of_birth'],
}

/** A name as long as this is near none; to compare it would take time. */
const LONGEST = 100

/** The known name that was probably meant: one spelled otherwise, mistyped, or with words around it. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length > LONGEST) return undefined
  const plain = asKnown(name)
  // A name may be that of something every object has, such as `constructor`.
  const others = Object.hasOwn(OTHER_NAMES, plain) ? OTHER_NAMES[plain] : undefined
  const other = others?.find((candidate) => known.includes(candidate))
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
