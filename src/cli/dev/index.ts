import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings'
import { cellsOf, type CellOrigins } from '../../tokens/cell.ts'
import { cellOf, cellVariablesOf, rememberCell } from '../environment/cell.ts'
import { chooseLocal } from '../environment/choose.ts'
import { shareKey } from '../environment/local-key.ts'
import { openMigrated } from '../environment/open.ts'
import { claimState, DEFAULT_PORT } from '../environment/origin.ts'
import { PROJECT } from '../environment/project.ts'
import { developmentKey } from '../environment/ssn-key.ts'
import { endWorkerdWithUs } from '../environment/workerd.ts'
import { startWrangler } from '../environment/wrangler.ts'
import { endAtCtrlC, explain, Failure, Misuse } from '../terminal/failure.ts'
import { parseCell } from '../terminal/options.ts'
import { isEmpty, liveDemoTokens, loadDemo } from './demo.ts'
import { serveWithFaults } from './failing-server.ts'
import { banner, checkFree, freePort, otherOrigins, untilServed } from './serving.ts'

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
  .option('--ip <address>', 'the address to listen on; 0.0.0.0 for all', 'localhost')
  .option('--persist-to <dir>', 'the folder for all local state (default: .wrangler/state)')
  .option('--cell <name>', 'the cell that this state is', parseCell)
  .option('--cells <json>', 'where every cell answers, by its name', parseCells)
  .addOption(
    new Option(
      '--faults <percent>',
      'fail this many requests in a hundred, so that you can rehearse retries',
    ).argParser(parsePercent),
  )
  .action(async ({ port, ip, faults, cell, cells, ...options }) => {
    await checkWritable()
    const choice = await chooseLocal({ local: true, ...options })
    if (cell !== undefined && cells?.[cell] === undefined) {
      throw new Misuse('say with --cells where every cell answers, this one included')
    }
    if (cell !== undefined) await rememberCell(choice, { CELL: cell, CELLS: JSON.stringify(cells) })
    const here = await cellOf(choice)
    await checkFree({ ip, port })
    const origin = `http://localhost:${port}`
    await claimState(choice, origin)
    const key = await developmentKey(choice)
    const { store } = await openMigrated(choice)
    await shareKey(choice, store, key)
    if (await isEmpty(store)) await loadDemo(store, key.publicKey, here)
    const tokens = await liveDemoTokens(store, here)
    await store.close()

    const inner = faults === undefined ? port : await freePort()
    if (faults !== undefined) serveWithFaults({ ip, port }, inner, faults)
    process.env.CLINIC_STATE = choice.state
    const server = startWrangler(
      [
        ...['dev', '--port', String(inner), '--var', `SSN_PUBLIC_KEY:${key.publicKey}`],
        ...(faults === undefined ? ['--ip', ip] : []),
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
    await untilServed(inner)
    const others = otherOrigins({ ip, port })
    process.stdout.write(banner({ origin, others, state: choice.state, tokens, faults }))
  })
  .parseAsync(process.argv.filter((word) => word !== '--debug'))

/** The build writes beside the code. */
async function checkWritable(): Promise<void> {
  await access(PROJECT, constants.W_OK).catch(() => {
    throw new Failure(
      `${PROJECT} cannot be written to, and the build goes there: copy the project to a folder of yours`,
    )
  })
}

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
