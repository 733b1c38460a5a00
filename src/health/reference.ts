import type { Context } from 'hono'
import { factory, type Env } from '../env.ts'
import { renderMethodNotAllowed } from '../http/errors.ts'
import { cellsOf } from '../tokens/cell.ts'

/**
 * Only our own origin may be loaded or called, and inline scripts are blocked. Inline styles are allowed, since the
 * reference needs them.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** The origin in the built files. It is replaced by the origin that serves them. */
export const ORIGIN = 'https://origin.invalid'

export const OPENAPI = '/openapi.json'
const PAGE = /^\/docs\/?$/

const READS = ['GET', 'HEAD']
const isRead = (c: Context<Env>) => READS.includes(c.req.method)

/** A built file, undefined if there is none; 304 if the caller's copy is up to date. */
async function builtFile(c: Context<Env>, path: string): Promise<Response | undefined> {
  const url = new URL(path, c.req.url)
  const request = new Request(url, isRead(c) ? c.req.raw : { method: 'HEAD' })
  const found = await c.env.ASSETS.fetch(request)
  // The headers of a fetched response are read-only.
  return found.status === 404 ? undefined : new Response(found.body, found)
}

/**
 * The OpenAPI document. It names the origin that serves it, so that generated clients call no other. If there are
 * cells, it names all of them, this one first.
 */
export async function builtDocument(c: Context<Env>): Promise<Response | undefined> {
  const file = await builtFile(c, OPENAPI)
  if (!file || file.status !== 200 || c.req.method === 'HEAD') return file
  const text = await textHere(c, file)
  const cells = Object.entries(cellsOf(c.env))
  if (cells.length === 0 || text === '') return new Response(text, file)

  const servers = cells
    .sort(([a], [b]) => Number(b === c.env.CELL) - Number(a === c.env.CELL))
    .map(([cell, url]) => ({ url, description: `The cell ${cell}.` }))
  return new Response(JSON.stringify({ ...JSON.parse(text), servers }), file)
}

/** The text of a built file, with the origin that serves it. */
async function textHere(c: Context<Env>, file: Response): Promise<string> {
  file.headers.delete('Content-Length')
  return (await file.text()).replaceAll(ORIGIN, new URL(c.req.url).origin)
}

/** Built files that are served along with the page of the reference. */
const TEXTS = ['/guide.md', '/llms.txt']
export const FILES = ['/docs/*', '/client.tgz', ...TEXTS]

export const serveReference = factory.createMiddleware(async (c, next) => {
  const file = await builtFile(c, PAGE.test(c.req.path) ? '/docs/index.html' : c.req.path)
  if (!file) return next()
  if (!isRead(c)) return renderMethodNotAllowed(c, READS)

  file.headers.set('Content-Security-Policy', POLICY)
  const isText = TEXTS.includes(c.req.path) && file.status === 200 && c.req.method === 'GET'
  return isText ? new Response(await textHere(c, file), file) : file
})
