import * as z from 'zod'
import { jsonInteger, queryInteger } from './number.ts'

const LARGEST_PAGE_SIZE = 100
const DEFAULT_PAGE_SIZE = 25
/** The last page whose row numbers a double still holds exactly. */
const LAST_PAGE = Math.floor(Number.MAX_SAFE_INTEGER / LARGEST_PAGE_SIZE)

export const paging = {
  page: queryInteger(LAST_PAGE).default(1).describe('Which page, from 1.'),
  page_size: queryInteger(LARGEST_PAGE_SIZE).default(DEFAULT_PAGE_SIZE).describe('Records a page.'),
}

/**
 * The same in a body, where they are numbers. Their descriptions name the defaults, since generated clients treat a
 * property with a `default` as required.
 */
export const pagingInBody = {
  page: jsonInteger(LAST_PAGE)
    .optional()
    .transform((page = 1) => page)
    .describe('Which page, from 1; 1 if left out.'),
  page_size: jsonInteger(LARGEST_PAGE_SIZE)
    .optional()
    .transform((size = DEFAULT_PAGE_SIZE) => size)
    .describe(`Records a page; ${DEFAULT_PAGE_SIZE} if left out.`),
}

/** A requested page: its number, from 1, and its size. */
export type PageRequest = { page: number; page_size: number }

/** A page that was read: the JSON text of its records, their ids, and the size of the whole list. */
export type Page = { json: string; ids: readonly number[]; totalCount: number }

/** A list's validated query: the page, and the filters that are set. */
export type ListQuery = PageRequest & Record<string, string | number | boolean | undefined>

export const pagination = z
  .object({
    current_page: z.int().positive(),
    total_pages: z.int().nonnegative().describe('0 if the list is empty.'),
    total_count: z.int().nonnegative(),
    per_page: z.int().positive().max(LARGEST_PAGE_SIZE),
  })
  .meta({
    id: 'Pagination',
    examples: [{ current_page: 1, total_pages: 1, total_count: 1, per_page: DEFAULT_PAGE_SIZE }],
  })
