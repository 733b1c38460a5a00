import { styleText } from 'node:util'
import type { Command } from '@commander-js/extra-typings'
import { chooseStores, inTurn } from '../../environment/cell.ts'
import { onStore, type StoreChoice } from '../../environment/choice.ts'
import { example } from '../../terminal/options.ts'
import { print, type Report } from '../../terminal/report.ts'
import { checkCells, checkConfigurations, checkKey, checkRateLimits } from './configuration.ts'
import { checkDeployed } from './deployment.ts'
import { checkStore, type Catalogues } from './store.ts'

export const define = (command: Command) =>
  onStore(command)
    .option('--all-cells', 'check every cell of the deployment, and whether they agree')
    .addHelpText(...example('doctor --local'))
    .action(async (options) => {
      const choices = await chooseStores(options)
      const catalogues: Catalogues | undefined = choices.length > 1 ? new Map() : undefined
      print(await inTurn(choices, (choice) => examine(choice, catalogues)), options)
    })

/** Checks one store and, where there are `catalogues` of others, whether its plans are the same. */
async function examine(choice: StoreChoice, catalogues?: Catalogues): Promise<Report> {
  const checks = Object.entries({
    ...(await checkConfigurations(choice)),
    ...(await checkCells(choice)),
    'rate limits': await checkRateLimits(choice),
    'SSN key': await checkKey(choice),
    ...(await checkDeployed(choice)),
    ...(await checkStore(choice, catalogues)),
  }).map(([name, [found, fix, when]]) => ({ name, found, fix, ok: !fix || when === 'soon' }))
  const failed = checks.some(({ ok }) => !ok)
  const lines = checks.map(({ name, found, fix, ok }) => {
    if (!fix) return `${styleText('green', 'ok  ')}  ${name}: ${found}`
    const mark = ok ? styleText('yellow', 'warn') : styleText('red', 'FAIL')
    return `${mark}  ${name}: ${found}; ${fix}`
  })
  return { json: { ok: !failed, checks }, lines, failed }
}
