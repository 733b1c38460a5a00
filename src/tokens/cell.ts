import * as z from 'zod'
import { recordReader } from '../storage/recent.ts'

// A cell is one deployment with a Worker, a host and a storage of its own. Every clinic is kept in one of them.

/** The name of a cell as a regular expression has it: short, since every token of the cell says it. */
export const CELL = '[a-z][a-z0-9-]{0,15}'

export const cellName = z.string().regex(new RegExp(`^${CELL}$`))

/** Where each cell answers, such as `https://eu.api.example.com`, by its name. */
const cellOrigins = z.record(cellName, z.string().regex(/^https?:\/\/[^/?#\s]+$/))
export type CellOrigins = z.infer<typeof cellOrigins>

const read = recordReader(1, cellOrigins)

/** The cells that the variable CELLS names; none for one that stands alone. */
export const cellsOf = ({ CELLS }: { CELLS?: string }): CellOrigins => read(CELLS) ?? {}
