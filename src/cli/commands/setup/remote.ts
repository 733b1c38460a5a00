import { clinicId } from '../../../fields/clinic-id.ts'
import type { RemoteEnvironment } from '../../environment/choose.ts'
import { deployed } from '../../environment/wrangler-toml.ts'
import { askChoice, askText } from '../../terminal/ask.ts'
import { Misuse } from '../../terminal/failure.ts'
import { isDomain } from '../../terminal/options.ts'
import { note, type Report } from '../../terminal/report.ts'
import { JURISDICTIONS, LOCATIONS, stepsOf, type Run, type Wanted } from './steps.ts'

type Options = Wanted & { dryRun?: true | undefined }

/** Makes at Cloudflare what the Worker needs; what exists is left as it is. Throws Failure and Misuse. */
export async function setUpRemote(
  environment: RemoteEnvironment,
  given: Options,
  mayAsk: boolean,
): Promise<Report> {
  const options = mayAsk ? await askForMissing(environment, given) : given
  if (lacksPlace(environment, options)) {
    throw new Misuse(
      `say where the records are kept, which cannot be changed later: --jurisdiction ${JURISDICTIONS.join('|')} or --location ${LOCATIONS.join('|')}`,
    )
  }
  if (
    environment.config.workers_dev === false &&
    !deployed(environment.config).origin &&
    !options.domain
  ) {
    throw new Misuse(`say at which host name ${environment.env} answers: --domain api.example.com`)
  }
  const run: Run = { hasChanged: false }
  const steps = stepsOf(environment, options, run)
  if (options.dryRun) {
    return {
      json: { dry_run: true, steps: steps.map(({ title, plan }) => ({ title, plan })) },
      lines: steps.flatMap(({ title, plan }) => [title, ...plan.map((line) => `  ${line}`), '']),
    }
  }
  const done: Record<string, string> = {}
  for (const step of steps) {
    done[step.title] = await step.run()
    note(`${step.title}: ${done[step.title]}`)
  }
  return {
    json: {
      environment: environment.env,
      steps: done,
      ...(run.token && { token: run.token.json }),
    },
    lines: [
      ...(run.token ? [...run.token.lines, ''] : []),
      `${environment.env} is set up. Next, with your file of plans:`,
      '',
      `  npm run clinic -- import plans plans.csv ${environment.flags}`,
      `  npm run clinic -- doctor ${environment.flags}`,
    ],
  }
}

const lacksPlace = ({ config }: RemoteEnvironment, { jurisdiction, location }: Wanted) =>
  deployed(config).databaseId === undefined && !jurisdiction && !location

/** Asks for what was left out. */
async function askForMissing(environment: RemoteEnvironment, given: Options): Promise<Options> {
  const options = { ...given }
  if (lacksPlace(environment, options)) {
    const places = [
      { value: 'eu', label: 'only in the European Union' },
      { value: 'us', label: 'only in the United States' },
      { value: 'fedramp', label: 'only in FedRAMP data centers' },
      ...LOCATIONS.map((value) => ({ value, label: `near ${value}` })),
    ]
    const place = await askChoice(
      'Where are the records kept? This cannot be changed later.',
      places,
    )
    options.jurisdiction = JURISDICTIONS.find((name) => name === place)
    options.location = LOCATIONS.find((name) => name === place)
  }
  // Without a domain, production would answer nowhere.
  if (environment.config.workers_dev === false && !deployed(environment.config).origin) {
    options.domain ??= await askText(
      'The host name at which it answers',
      'api.example.com',
      (answer) =>
        isDomain(answer ?? '') ? undefined : 'Use a host name, such as api.example.com.',
    )
  }
  options.clinic ??= await askText(
    'The clinic of the first token',
    'riverside',
    (answer) => clinicId.safeParse(answer).error?.issues[0]?.message,
  )
  return options
}
