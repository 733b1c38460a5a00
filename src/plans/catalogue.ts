import { withinTime } from '../storage/retry.ts'
import { lruCache, recordReader, type LruCache } from '../storage/lru-cache.ts'
import { catalogueRecord } from './schema.ts'

/** The catalogue's key in KV. Edges serve a new version once KV has it and they have read it. */
export const CATALOGUE_KEY = 'catalogue'

/** Raise it when a plan's JSON changes shape, so that a new Worker doesn't serve an old one's answers. */
const REPRESENTATION = 'r2'

/** An isolate has 128 MB: 256 answers of at most 256 KiB take half of it. Larger ones are only cached at the edge. */
const MEMORY_ENTRIES = 256
const MEMORY_ENTRY_BYTES = 256 * 1024

/** A version never changes, so its answers could be kept for ever; a day lets old versions go. */
const ONE_DAY = 'public, max-age=86400'

/** In milliseconds: longer than a cache usually takes, and short enough for a client. */
const ONE_SECOND = 1000

/** Where an answer came from: isolate memory, the edge cache, D1, or D1 because no version is known. */
export type Tier = 'MEMORY' | 'HIT' | 'MISS' | 'BYPASS'

/** The catalogue's version that something was read from; null or undefined if none has been published yet. */
export type Version = string | null | undefined

/** A ready answer: its JSON bytes, its `Link` header, and the version it was read from. */
export type PlansAnswer = { body: ArrayBuffer; link: string; version: Version }

const noAnswers = () => lruCache<PlansAnswer>(MEMORY_ENTRIES)

let memory = { version: '', answers: noAnswers() }

/** Reads the record of the catalogue now served; undefined if it is absent or invalid. */
export const readCatalogue = recordReader(2, catalogueRecord)

/** The strong ETag (RFC 9110 §8.8.3): one version answers one path and query with the same bytes for ever. */
export const catalogueEtag = (version: string, rest: string) =>
  `"${REPRESENTATION}.${version}${rest}"`

/**
 * Looks for the answer to `url` (origin and normalised query) in memory, at the edge, then in D1; stores it on the way.
 */
export async function throughTiers(
  version: string,
  url: string,
  waitUntil: (promise: Promise<unknown>) => void,
  load: () => Promise<PlansAnswer>,
): Promise<[PlansAnswer, Tier]> {
  if (memory.version !== version) memory = { version, answers: noAnswers() }
  const { answers } = memory

  const remembered = answers.get(url)
  if (remembered) return [remembered, 'MEMORY']

  const cached = await lookUp(cacheKey(version, url), version)
  if (cached) {
    remember(answers, url, cached)
    return [cached, 'HIT']
  }

  // D1 may be ahead of KV, so the answer is cached under its own version, for when KV has caught up.
  const loaded = await load()
  if (loaded.version === version) remember(answers, url, loaded)
  if (loaded.version) waitUntil(store(cacheKey(loaded.version, url), loaded))
  return [loaded, 'MISS']
}

/** The URL is on our own host and below `/v1`, so that requests for it from outside have to pass `authenticate`. */
function cacheKey(version: string, url: string): string {
  const key = new URL(url)
  key.pathname += `/${REPRESENTATION}.${version}`
  return key.href
}

function remember(answers: LruCache<PlansAnswer>, key: string, answer: PlansAnswer): void {
  if (answer.body.byteLength <= MEMORY_ENTRY_BYTES) answers.set(key, answer)
}

/** If the cache fails or doesn't answer in time, D1 is asked instead. */
async function lookUp(key: string, version: string): Promise<PlansAnswer | undefined> {
  try {
    const found = await withinTime(caches.default.match(key), ONE_SECOND)
    if (!found) return undefined
    return { body: await found.arrayBuffer(), link: found.headers.get('Link') ?? '', version }
  } catch {
    return undefined
  }
}

async function store(key: string, { body, link }: PlansAnswer): Promise<void> {
  try {
    const answer = new Response(body, { headers: { 'Cache-Control': ONE_DAY, Link: link } })
    await caches.default.put(key, answer)
  } catch {
    // The next miss tries again.
  }
}
