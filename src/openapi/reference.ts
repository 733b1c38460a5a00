import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import scalar from '@scalar/fastify-api-reference'

/** Puts the reference's page into `folder`: our own files and Scalar, in one script. */
export async function buildReference(folder: string): Promise<void> {
  await cp(join(import.meta.dirname, 'page'), folder, { recursive: true })
  await writeFile(join(folder, 'scalar.js'), scalarScript())
}

/**
 * Scalar's script for browsers. This package of theirs carries it ready made, where the one it is made from
 * would install three hundred others; it hands the script out as a route of a fastify server, so we ask as one.
 */
function scalarScript(): string {
  const routes = new Map<string, (request: object, reply: object) => unknown>()
  const sent: string[] = []
  const reply = { header: () => reply, send: (body: string) => sent.push(body) }
  const server = {
    log: { warn() {} },
    hasPlugin: () => false,
    route: ({ url, handler }: { url: string; handler: () => unknown }) => routes.set(url, handler),
  }
  Reflect.apply(scalar, undefined, [server, { configuration: { url: '/openapi.json' } }, () => {}])
  routes.get('/reference/js/scalar.js')?.({}, reply)
  const [script] = sent
  if (!script) throw new Error('Scalar did not hand out its script')
  return script.replace(/\n\/\/# sourceMappingURL=.*$/, '')
}
