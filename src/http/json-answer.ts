import type { Context } from 'hono'
import type { Env } from '../env.ts'

/** Answers with a text that is JSON already. */
export const jsonText = (
  c: Context<Env>,
  status: 200 | 201,
  text: string,
  headers: Record<string, string> = {},
) => c.body(text, status, { 'Content-Type': 'application/json', ...headers })
