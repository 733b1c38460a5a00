import { Command, InvalidArgumentError } from 'commander'
import { cellsOf, type CellOrigins } from '../../tokens/cell.ts'
import { cellOf, rememberCell } from '../environment/cell.ts'
import { chooseLocal } from '../environment/choose.ts'
import { claimState, DEFAULT_PORT } from '../environment/origin.ts'
import { prepareLocal } from '../environment/ssn-key.ts'
import { endWorkerdWithUs, startWrangler } from '../environment/wrangler.ts'
import { option, readerOf, type Values } from '../terminal/command.ts'
import { endInOrder, Misuse, SIGNALS } from '../terminal/failure.ts'
import { parseCell, wholeNumber } from '../terminal/options.ts'
import { isEmpty, liveDemoTokens, loadDemo } from './demo.ts'
import { serveWithFaults } from './failing-server.ts'
import { banner, checkFree, freePort, untilServed } from './serving.ts'

endInOrder({ debug: process.argv.includes('--debug') })
endWorkerdWithUs()

const words = {
  port: option('--port <number>', `the port (default: ${DEFAULT_PORT})`, wholeNumber(1, 65_535)),
  ip: option('--ip <address>', 'the address to listen on; 0.0.0.0 for all (default: localhost)'),
  persistTo: option('--persist-to <dir>', 'the folder for all state (default: .wrangler/state)'),
  cell: option('--cell <name>', 'the cell of this state', parseCell),
  cells: option('--cells <json>', 'the origin of every cell, by its name', parseCells),
  faults: option(
    '--faults <percent>',
    'fail this many requests in a hundred, to rehearse retries',
    wholeNumber(0, 100),
  ),
}

const program = new Command('dev')
  .description('Serve the API locally: migrated, with a key and a demo.')
  .exitOverride()
const read = readerOf(program, words)
program.action(() => serve(read()))
await program.parseAsync(process.argv.filter((word) => word !== '--debug'))

async function serve({ port = DEFAULT_PORT, ip = 'localhost', ...given }: Values<typeof words>) {
  const { faults, cell, cells, persistTo } = given
  if (cell !== undefined && cells?.[cell] === undefined) {
    throw new Misuse('say with --cells where every cell answers, this one included')
  }
  const environment = await chooseLocal({ local: true, persistTo })
  const { state } = environment
  await checkFree({ ip, port })
  const origin = `http://localhost:${port}`
  await claimState(environment, origin)
  if (cell) await rememberCell(environment, { CELL: cell, CELLS: JSON.stringify(cells) })
  const here = await cellOf(environment)
  const { store, key } = await prepareLocal(environment)
  if (await isEmpty(store)) await loadDemo(store, key.publicKey, here)
  const tokens = await liveDemoTokens(store, here)
  await store.close()

  const inner = faults === undefined ? port : await freePort()
  if (faults !== undefined) serveWithFaults({ ip, port }, inner, faults)
  process.env.CLINIC_STATE = state
  const variables = {
    SSN_PUBLIC_KEY: key.publicKey,
    ...(here.cell && { CELL: here.cell, CELLS: JSON.stringify(here.origins) }),
  }
  const args = [
    ...['dev', '--port', String(inner), '--config', environment.file, '--persist-to', state],
    ...(faults === undefined ? ['--ip', ip] : []),
    ...Object.entries(variables).flatMap(([name, value]) => ['--var', `${name}:${value}`]),
  ]
  const server = startWrangler(args, 'inherit')
  for (const signal of SIGNALS) {
    process.removeAllListeners(signal).on(signal, () => server.kill(signal))
  }
  server.on('exit', (code) => process.exit(code ?? 0))
  await untilServed(inner)
  process.stdout.write(banner(origin, state, tokens, faults))
}

function parseCells(value: string): CellOrigins {
  const origins = cellsOf({ CELLS: value })
  if (Object.keys(origins).length > 0) return origins
  throw new InvalidArgumentError('Use JSON such as {"eu": "http://localhost:8787"}.')
}
