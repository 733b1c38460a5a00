import { createServer } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings'
import { cellsOf, type CellOrigins } from '../../tokens/cell.ts'
import { cellOf, cellVariablesOf, rememberCell } from '../environment/cell.ts'
import { chooseLocal } from '../environment/choose.ts'
import { openMigrated } from '../environment/open.ts'
import { claimState, DEFAULT_PORT } from '../environment/origin.ts'
import { developmentKey } from '../environment/ssn-key.ts'
import { endWorkerdWithUs } from '../environment/workerd.ts'
import { startWrangler } from '../environment/wrangler.ts'
import { endAtCtrlC, explain, Failure, Misuse } from '../terminal/failure.ts'
import { parseCell } from '../terminal/options.ts'
import { demoTokens, isEmpty, loadDemo } from './demo.ts'
import { serveWithFaults } from './faults.ts'

const manner = { debug: process.argv.includes('--debug') }
process.on('uncaughtException', (error) => process.exit(explain(error, manner)))
endAtCtrlC(manner)
endWorkerdWithUs()

await new Command('dev')
  .description('Serve the API locally: migrated, with a key and a demo.')
  .exitOverride()
  .addOption(
    new Option('--port <number>', 'the port to listen on')
      .argParser(parsePort)
      .default(DEFAULT_PORT),
  )
  .option('--persist-to <dir>', 'the folder for all local state (default: .wrangler/state)')
  .option('--cell <name>', 'the cell that this state is', parseCell)
  .option('--cells <json>', 'where every cell answers, by its name', parseCells)
  .addOption(
    new Option(
      '--faults <percent>',
      'so many in a hundred requests fail, so that you can rehearse retries',
    ).argParser(parsePercent),
  )
  .action(async ({ port, faults, cell, cells, ...options }) => {
    const choice = await chooseLocal({ local: true, ...options })
    if (cell !== undefined && cells?.[cell] === undefined) {
      throw new Misuse('say with --cells where every cell answers, this one included')
    }
    if (cell !== undefined) await rememberCell(choice, { CELL: cell, CELLS: JSON.stringify(cells) })
    const here = await cellOf(choice)
    if (!(await isFree(port))) {
      throw new Failure(`port ${port} is taken: choose another with --port`)
    }
    const origin = `http://localhost:${port}`
    await claimState(choice, origin)
    const key = await developmentKey(choice)
    const { store } = await openMigrated(choice)
    if (await isEmpty(store)) await loadDemo(store, key.publicKey, here)
    await store.close()

    const inner = faults === undefined ? port : await freePort()
    if (faults !== undefined) serveWithFaults(port, inner, faults)
    const server = startWrangler(
      [
        ...['dev', '--port', String(inner), '--var', `SSN_PUBLIC_KEY:${key.publicKey}`],
        ...Object.entries(await cellVariablesOf(choice)).flatMap(([name, value]) => [
          '--var',
          `${name}:${value}`,
        ]),
        ...['--config', choice.file, '--persist-to', choice.state],
      ],
      'inherit',
    )
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.removeAllListeners(signal).on(signal, () => server.kill(signal))
    }
    server.on('exit', (code) => process.exit(code ?? 0))
    await untilServed(`http://localhost:${inner}`)
    process.stdout.write(banner(origin, choice.state, demoTokens(here), faults))
  })
  .parseAsync(process.argv.filter((word) => word !== '--debug'))

function parsePort(value: string): number {
  const port = Number(value)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new InvalidArgumentError('Use a number from 1 to 65535.')
}

function parsePercent(value: string): number {
  const percent = Number(value)
  if (value.trim() !== '' && percent >= 0 && percent <= 100) return percent
  throw new InvalidArgumentError('Use a number from 0 to 100.')
}

function parseCells(value: string): CellOrigins {
  const origins = cellsOf({ CELLS: value })
  if (Object.keys(origins).length > 0) return origins
  throw new InvalidArgumentError('Use JSON such as {"eu": "http://localhost:8787"}.')
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, 'localhost', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, 'localhost', () => probe.close(() => resolve(true)))
  })
}

/** Wrangler's own lines come first, so that the banner stays in sight. */
async function untilServed(origin: string): Promise<void> {
  const isServed = () =>
    fetch(`${origin}/health`).then(
      ({ ok }) => ok,
      () => false,
    )
  while (!(await isServed())) await setTimeout(200)
}

function banner(
  origin: string,
  state: string,
  tokens: Record<string, string>,
  faults: number | undefined,
): string {
  const [token = 'TOKEN'] = Object.values(tokens)
  const shown = Object.entries(tokens).map(([clinic, one]) => `  ${clinic.padEnd(9)}  ${one}`)
  const failing = faults === undefined ? '' : `, failing ${faults} % of requests`
  return `
Clinic Insurances API on ${origin} (state in ${state}${failing})

${shown.join('\n')}

Its reference, to read and to try: ${origin}/docs

Or try it in another terminal:

  curl -H 'X-User-Token: ${token}' '${origin}/v1/clinic/insurances/plans?page_size=2'

`
}
