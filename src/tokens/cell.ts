import * as z from 'zod'
import { recordReader } from '../storage/lru-cache.ts'

// A cell is a deployment with its own Worker, host and storage. Each clinic is in one of them.

/** A cell's name, as a regular expression. It is short because every token of the cell contains it. */
export const CELL = '[a-z][a-z0-9-]{0,15}'

export const cellName = z.string().regex(new RegExp(`^${CELL}$`))

/** Each cell's origin, such as `https://eu.api.example.com`, by the cell's name. */
const cellOrigins = z.record(cellName, z.string().regex(/^https?:\/\/[^/?#\s]+$/))
export type CellOrigins = z.infer<typeof cellOrigins>

const read = recordReader(1, cellOrigins)

/** The cells in the variable CELLS; none if there is only one. */
export const cellsOf = ({ CELLS }: { CELLS?: string }): CellOrigins => read(CELLS) ?? {}
