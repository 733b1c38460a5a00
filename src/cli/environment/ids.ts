import * as z from 'zod'
import { Failure } from '../terminal/failure.ts'
import type { RemoteEnvironment } from './choose.ts'
import { askWrangler } from './wrangler.ts'

export const SIGN_IN =
  'sign in with `npx wrangler login`, or set CLOUDFLARE_API_TOKEN to a token with the permissions that src/cli/README.md lists'

const databaseList = z.array(z.object({ name: z.string(), uuid: z.string() }))
const namespaceList = z.array(z.object({ title: z.string(), id: z.string() }))

/**
 * The ids of an environment's database and namespace. wrangler.toml names them without ids, and the first deployment
 * creates them: until then they are undefined. Throws Failure.
 */
export async function findIds({ config, file }: RemoteEnvironment) {
  const [database] = config.d1_databases
  const [namespace] = config.kv_namespaces
  const ask = async <Value>(schema: z.ZodType<Value>, ...args: string[]) =>
    await askWrangler(schema, [...args, '--config', file]).catch((error: Error) => {
      throw new Failure(`${SIGN_IN}\n${error.message}`)
    })
  const databases = await ask(databaseList, 'd1', 'list', '--json')
  const namespaces = await ask(namespaceList, 'kv', 'namespace', 'list')
  const title = `${config.name}-${namespace?.binding.toLowerCase()}`
  return {
    databaseId:
      database?.database_id ?? databases.find(({ name }) => name === database?.database_name)?.uuid,
    namespaceId: namespace?.id ?? namespaces.find((one) => one.title === title)?.id,
  }
}
