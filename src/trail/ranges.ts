/** Ascending ids as ranges, such as `1-25,31`: a page of a hundred ids takes a handful of characters. */
export function rangesOf(ids: readonly number[]): string {
  const ranges: [first: number, last: number][] = []
  for (const id of ids) {
    const range = ranges.at(-1)
    if (range && range[1] === id - 1) range[1] = id
    else ranges.push([id, id])
  }
  return ranges.map(([first, last]) => (first === last ? first : `${first}-${last}`)).join()
}

/** Whether ranges such as `1-25,31` contain one of the ids. */
export const includesAny = (ranges: string, ids: readonly number[]): boolean =>
  ranges.split(',').some((range) => {
    const [first = NaN, last = first] = range.split('-').map(Number)
    return ids.some((id) => first <= id && id <= last)
  })
