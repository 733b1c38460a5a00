import { distance } from 'fastest-levenshtein'

/** `patientId[]`, `Patient-ID` and `patient_id` as one spelling. */
const asKnown = (name: string) =>
  name
    .replace(/\[.*$/, '')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/[-. ]/g, '_')
    .toLowerCase()

/** What others call the same. */
const OTHER_NAMES: Record<string, string> = {
  per_page: 'page_size',
  limit: 'page_size',
  q: 'search',
  sort: 'sort_by',
  order: 'sort_dir',
  dob: 'date_of_birth',
  birth_date: 'date_of_birth',
}

/** The known name that was probably meant: one spelled otherwise, mistyped, or with words around it. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const plain = asKnown(name)
  const other = OTHER_NAMES[plain]
  if (other !== undefined && known.includes(other)) return other
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
