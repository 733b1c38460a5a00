import * as z from 'zod'
import { Failure } from '../terminal/failure.ts'
import type { RemoteEnvironment } from './choose.ts'
import { askWrangler } from './wrangler.ts'

const databases = z.array(z.looseObject({ name: z.string(), uuid: z.string() }))
const namespaces = z.array(z.looseObject({ title: z.string(), id: z.string() }))

/** What an API token must be allowed to do. */
const PERMISSIONS =
  'Workers Scripts: Edit, D1: Edit, Workers KV Storage: Edit, Workers R2 Storage: Edit, Account Settings: Read, User Details: Read and, for a domain, Workers Routes: Edit and Zone: Read'

/**
 * The ids of an environment's database and namespace. wrangler.toml names them without ids, and the first deployment
 * creates them: until then they are undefined. Throws Failure.
 */
export async function findIds({ config, file }: RemoteEnvironment) {
  const [database] = config.d1_databases
  const [namespace] = config.kv_namespaces
  const title = `${config.name}-${namespace?.binding.toLowerCase()}`
  const listed = await ask(databases, ['d1', 'list', '--json', '--config', file])
  const titled = await ask(namespaces, ['kv', 'namespace', 'list', '--config', file])
  return {
    databaseId: database?.database_id ?? listed.get(database?.database_name ?? ''),
    namespaceId: namespace?.id ?? titled.get(title),
  }

  async function ask(schema: typeof databases | typeof namespaces, args: string[]) {
    const answer = await askWrangler(args).catch((error: unknown) => {
      const said = error instanceof Failure ? `\n${error.message}` : ''
      throw new Failure(
        `sign in with \`npx wrangler login\`, or set CLOUDFLARE_API_TOKEN to a token with the permissions ${PERMISSIONS}${said}`,
      )
    })
    const { data } = schema.safeParse(answer)
    if (!data) throw new Failure(`\`wrangler ${args.join(' ')}\` answered in an unknown form`)
    return new Map(
      data.map((one) => ('uuid' in one ? [`${one.name}`, `${one.uuid}`] : [one.title, one.id])),
    )
  }
}
