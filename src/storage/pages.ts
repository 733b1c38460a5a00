/** A page as asked for: `page` from 1, `pageSize` rows. */
export type PageRequest = { page: number; pageSize: number }

/** A page as found: the JSON text of its rows, their ids, and the number of rows of the whole list. */
export type Page = PageRequest & { json: string; ids: readonly number[]; totalCount: number }
