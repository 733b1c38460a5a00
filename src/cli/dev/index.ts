import { createServer } from 'node:net'
import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings'
import { chooseLocal } from '../store/choice.ts'
import { openMigrated } from '../store/open.ts'
import { DEFAULT_PORT, rememberOrigin } from '../store/origin.ts'
import { developmentKey } from '../store/ssn-key.ts'
import { startWrangler } from '../store/wrangler.ts'
import { explain, Failure } from '../terminal/failure.ts'
import { DEMO_TOKENS, isEmpty, loadDemo } from './demo.ts'

process.on('uncaughtException', (error) => process.exit(explain(error)))

await new Command('dev')
  .description('Serve the API locally: migrated, with a key and a demo.')
  .exitOverride()
  .addOption(
    new Option('--port <number>', 'the port to listen on')
      .argParser(parsePort)
      .default(DEFAULT_PORT),
  )
  .option('--persist-to <dir>', 'the folder for all local state (default: .wrangler/state)')
  .action(async ({ port, ...options }) => {
    const choice = await chooseLocal({ local: true, ...options })
    if (!(await isFree(port))) {
      throw new Failure(`port ${port} is taken: choose another with --port`)
    }
    const key = await developmentKey(choice)
    const { store } = await openMigrated(choice)
    if (await isEmpty(store)) await loadDemo(store, key.publicKey)
    await store.close()

    const origin = `http://localhost:${port}`
    await rememberOrigin(choice, origin)
    process.stdout.write(banner(origin, choice.state))
    const server = startWrangler(
      [
        ...['dev', '--port', String(port), '--var', `SSN_PUBLIC_KEY:${key.publicKey}`],
        ...['--config', choice.file, '--persist-to', choice.state],
      ],
      'inherit',
    )
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => server.kill(signal))
    }
    server.on('exit', (code) => process.exit(code ?? 0))
  })
  .parseAsync()

function parsePort(value: string): number {
  const port = Number(value)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new InvalidArgumentError('Use a number from 1 to 65535.')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, 'localhost', () => probe.close(() => resolve(true)))
  })
}

function banner(origin: string, state: string): string {
  return `
Clinic Insurances API on ${origin} (state in ${state})

  riverside  ${DEMO_TOKENS.riverside}
  lakeside   ${DEMO_TOKENS.lakeside}

Its reference, to read and to try: ${origin}/docs

Or try it in another terminal:

  curl -H 'X-User-Token: ${DEMO_TOKENS.riverside}' '${origin}/v1/clinic/insurances/plans?page_size=2'

`
}
