import { building, shipping } from '../environment/choose.ts'
import { onEnvironments } from '../environment/command.ts'
import { runWrangler } from '../environment/wrangler.ts'
import { Misuse } from '../terminal/failure.ts'
import { note } from '../terminal/report.ts'

export const command = onEnvironments({
  example: 'deploy --remote --env production-eu --all-cells',
  takes: {},
  async work(_, all) {
    const environments = all.filter((one) => one.place === 'remote')
    const [first] = environments
    if (!first) throw new Misuse('deploy needs --remote; `npm run dev` serves a local store')

    await runWrangler(building(first))
    for (const environment of environments) {
      await runWrangler(shipping(environment))
      note(`${environment.env}: deployed`)
    }
    const deployed = environments.map(({ env }) => env)
    return { json: { deployed }, lines: [`deployed: ${deployed.join(', ')}`] }
  },
})
