import { styleText } from 'node:util'
import { inTurn } from '../../environment/cell.ts'
import type { Environment } from '../../environment/choose.ts'
import { onEnvironments } from '../../environment/command.ts'
import type { Report } from '../../terminal/report.ts'
import {
  checkCells,
  checkConfigurations,
  checkDeployed,
  checkKey,
  type Finding,
} from './configuration.ts'
import { checkStore } from './store.ts'

export const command = onEnvironments({
  example: 'doctor --local',
  takes: {},
  async work(_, environments) {
    /** The digests of the catalogues seen so far, by environment. */
    const catalogues = environments.length > 1 ? new Map<string, string>() : undefined
    return await inTurn(environments, (environment) => examine(environment, catalogues))
  },
})

/** Checks one store and, where there are `catalogues` of others, whether its plans are the same. */
async function examine(
  environment: Environment,
  catalogues: Map<string, string> | undefined,
): Promise<Report> {
  const findings: Record<string, Finding> = {
    ...(await checkConfigurations(environment)),
    ...(await checkCells(environment)),
    'SSN key': await checkKey(environment),
    ...(await checkDeployed(environment)),
    ...(await checkStore(environment, catalogues)),
  }
  const checks = Object.entries(findings).map(([name, [found, fix, when]]) => ({
    ...{ name, found, fix },
    ok: !fix || when === 'soon',
  }))
  const failed = checks.some(({ ok }) => !ok)
  const lines = checks.map(({ name, found, fix, ok }) => {
    if (!fix) return `${styleText('green', 'ok  ')}  ${name}: ${found}`
    const mark = ok ? styleText('yellow', 'warn') : styleText('red', 'FAIL')
    return `${mark}  ${name}: ${found}; ${fix}`
  })
  return { json: { ok: !failed, checks }, lines, failed }
}
