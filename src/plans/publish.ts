import { CATALOGUE_KEY, readCatalogue } from './catalogue.ts'
import type { CatalogueRecord } from './schema.ts'

/** Stands in KV while D1 may hold plans that no edge serves, as after an import that was cut short. */
const UNPUBLISHED_KEY = 'catalogue:unpublished'

/** Whether D1 may hold plans that no edge serves. */
export const isUnpublished = async (kv: KVNamespace) => (await kv.get(UNPUBLISHED_KEY)) !== null

/** Goes before the first change of plans in D1, so that the change is published even if it is cut short. */
export const markUnpublished = (kv: KVNamespace) =>
  kv.put(UNPUBLISHED_KEY, new Date().toISOString())

/** The catalogue that edges serve. */
export const servedCatalogue = async (kv: KVNamespace) => readCatalogue(await kv.get(CATALOGUE_KEY))

/**
 * Makes what D1 held at `bookmark` the catalogue that edges serve, under a version never used before. If
 * nothing has changed, what is served already stays, if anything is.
 */
export async function publishCatalogue(
  kv: KVNamespace,
  bookmark = '',
  hasChanged = true,
): Promise<CatalogueRecord> {
  const served = hasChanged ? undefined : await servedCatalogue(kv)
  const catalogue = served ?? { version: crypto.randomUUID(), bookmark }
  if (!served) await kv.put(CATALOGUE_KEY, JSON.stringify(catalogue))
  await kv.delete(UNPUBLISHED_KEY)
  return catalogue
}
