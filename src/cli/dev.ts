import { createServer } from 'node:net'
import { Command } from 'commander'
import { DEMO_TOKENS, isEmpty, loadDemo } from './demo.ts'
import { explain } from './explain.ts'
import { Failure } from './failure.ts'
import { developmentKey, openMigrated } from './local.ts'
import { CONFIG, DEFAULT_STATE, stateFolder } from './store.ts'
import { startWrangler } from './wrangler.ts'

process.on('uncaughtException', (error) => process.exit(explain(error)))

const { port, persistTo } = new Command('dev')
  .description('Serve the API locally: migrated, with keys and a demo.')
  .option('--port <number>', 'the port to listen on', '8787')
  .option('--persist-to <dir>', 'the folder for all local state', DEFAULT_STATE)
  .parse()
  .opts<{ port: string; persistTo: string }>()
const choice = { local: true, persistTo }
const state = stateFolder(choice)

if (!(await isFree(Number(port)))) {
  throw new Failure(`port ${port} is taken: choose another with --port`)
}
const key = await developmentKey(choice)
const { store } = await openMigrated(choice)
if (await isEmpty(store.db)) await loadDemo(store, key.publicKey)
await store.close()

const url = `http://localhost:${port}/v1/clinic/insurances`
process.stdout.write(`
Clinic Insurances API on http://localhost:${port} (state in ${state})

  riverside  ${DEMO_TOKENS.riverside}
  lakeside   ${DEMO_TOKENS.lakeside}

Its reference, to read and to try: http://localhost:${port}/docs

Or try it in another terminal:

  curl -H 'X-User-Token: ${DEMO_TOKENS.riverside}' '${url}/plans?page_size=2'

`)
const server = startWrangler(
  [
    ...['dev', '--port', port, '--var', `SSN_PUBLIC_KEY:${key.publicKey}`],
    ...['--config', CONFIG, '--persist-to', state],
  ],
  'inherit',
)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => server.kill(signal))
server.on('exit', (code) => process.exit(code ?? 0))

function isFree(wanted: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(wanted, 'localhost', () => probe.close(() => resolve(true)))
  })
}
