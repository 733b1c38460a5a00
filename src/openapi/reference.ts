import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import scalar from '@scalar/fastify-api-reference'

/** Writes the reference's page into `folder`: our own files, and Scalar as one script. */
export async function buildReference(folder: string): Promise<void> {
  await cp(join(import.meta.dirname, 'page'), folder, { recursive: true })
  await writeFile(join(folder, 'scalar.js'), scalarScript())
}

/**
 * Scalar's script for browsers. We take it from their fastify plugin, which has it prebuilt: the package it is built
 * from would install three hundred others. The plugin serves it as a route, so we pose as a fastify server.
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
