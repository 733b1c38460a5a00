import { styleText } from 'node:util'
import { inTurn } from '../../environment/cell.ts'
import type { Environment } from '../../environment/choose.ts'
import { onEnvironments } from '../../environment/command.ts'
import type { Report } from '../../terminal/report.ts'
import { checkCells, checkConfigurations, checkKey, checkRateLimits } from './configuration.ts'
import { checkDeployed } from './deployment.ts'
import { checkStore, type Catalogues } from './store.ts'

export const command = onEnvironments({
  example: 'doctor --local',
  takes: {},
  async work(_, environments) {
    const catalogues: Catalogues | undefined = environments.length > 1 ? new Map() : undefined
    return await inTurn(environments, (environment) => examine(environment, catalogues))
  },
})

/** Checks one store and, where there are `catalogues` of others, whether its plans are the same. */
async function examine(environment: Environment, catalogues?: Catalogues): Promise<Report> {
  const checks = Object.entries({
    ...(await checkConfigurations(environment)),
    ...(await checkCells(environment)),
    'rate limits': await checkRateLimits(environment),
    'SSN key': await checkKey(environment),
    ...(await checkDeployed(environment)),
    ...(await checkStore(environment, catalogues)),
  }).map(([name, [found, fix, when]]) => ({ name, found, fix, ok: !fix || when === 'soon' }))
  const failed = checks.some(({ ok }) => !ok)
  const lines = checks.map(({ name, found, fix, ok }) => {
    if (!fix) return `${styleText('green', 'ok  ')}  ${name}: ${found}`
    const mark = ok ? styleText('yellow', 'warn') : styleText('red', 'FAIL')
    return `${mark}  ${name}: ${found}; ${fix}`
  })
  return { json: { ok: !failed, checks }, lines, failed }
}
