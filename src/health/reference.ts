import type { Context } from 'hono'
import { factory, type Env } from '../env.ts'
import { renderMethodNotAllowed } from '../http/errors.ts'
import { cellsOf } from '../tokens/cell.ts'

/**
 * Nothing but our own origin is loaded or called, and no text is run as a script. The reference styles its
 * elements in place, which is why styles, and they alone, may be inline.
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

/** The origin in the document as it is built. What is served names the origin that serves it. */
export const ORIGIN = 'https://origin.invalid'

export const OPENAPI = '/openapi.json'
const PAGE = /^\/docs\/?$/

const READS = ['GET', 'HEAD']
const isRead = (c: Context<Env>) => READS.includes(c.req.method)

/** A file as it was built, undefined if there is none; 304 if the request's copy is still good. */
async function builtFile(c: Context<Env>, path: string): Promise<Response | undefined> {
  const url = new URL(path, c.req.url)
  const found = await c.env.ASSETS.fetch(
    new Request(url, isRead(c) ? c.req.raw : { method: 'HEAD' }),
  )
  // Its own headers cannot be added to.
  return found.status === 404 ? undefined : new Response(found.body, found)
}

/**
 * The OpenAPI document, which says where it comes from, so that generated clients call nobody else. Where there are
 * cells it names all of them, this one first.
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
  const document: object = JSON.parse(text)
  return new Response(JSON.stringify({ ...document, servers }), file)
}

/** The text of a file as it is built, naming the origin that serves it. */
async function textHere(c: Context<Env>, file: Response): Promise<string> {
  file.headers.delete('Content-Length')
  return (await file.text()).replaceAll(ORIGIN, new URL(c.req.url).origin)
}

/** What is served as it was built, beside the page of the reference. */
export const TEXTS = ['/guide.md', '/llms.txt']
export const FILES = ['/docs/*', '/client.tgz', ...TEXTS]

export const serveReference = factory.createMiddleware(async (c, next) => {
  const file = await builtFile(c, PAGE.test(c.req.path) ? '/docs/index.html' : c.req.path)
  if (!file) return next()
  if (!isRead(c)) return renderMethodNotAllowed(c, READS)

  file.headers.set('Content-Security-Policy', POLICY)
  const isText = TEXTS.includes(c.req.path) && file.status === 200 && c.req.method === 'GET'
  return isText ? new Response(await textHere(c, file), file) : file
})
