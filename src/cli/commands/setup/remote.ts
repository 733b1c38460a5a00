import { clinicId } from '../../../fields/clinic-id.ts'
import type { RemoteChoice } from '../../environment/choice.ts'
import { deployed } from '../../environment/wrangler-toml.ts'
import { askChoice, askText } from '../../terminal/ask.ts'
import { Misuse } from '../../terminal/failure.ts'
import { isDomain } from '../../terminal/options.ts'
import { note, type Report } from '../../terminal/report.ts'
import { JURISDICTIONS, LOCATIONS, stepsOf, type Run, type Wanted } from './steps.ts'

type Options = Wanted & { dryRun?: true | undefined }

/** Makes at Cloudflare what the Worker needs; what exists is left as it is. Throws Failure and Misuse. */
export async function setUpRemote(
  choice: RemoteChoice,
  given: Options,
  mayAsk: boolean,
): Promise<Report> {
  const options = mayAsk ? await askForMissing(choice, given) : given
  if (lacksPlace(choice, options)) {
    throw new Misuse(
      `say where the records are kept, which cannot be changed later: --jurisdiction ${JURISDICTIONS.join('|')} or --location ${LOCATIONS.join('|')}`,
    )
  }
  if (choice.config.workers_dev === false && !deployed(choice.config).origin && !options.domain) {
    throw new Misuse(`say at which host name ${choice.env} answers: --domain api.example.com`)
  }
  const run: Run = { hasChanged: false }
  const steps = stepsOf(choice, options, run)
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
    json: { environment: choice.env, steps: done, ...(run.token && { token: run.token.json }) },
    lines: [
      ...(run.token ? [...run.token.lines, ''] : []),
      `${choice.env} is set up. Next, with your file of plans:`,
      '',
      `  npm run clinic -- import plans plans.csv ${choice.flags}`,
      `  npm run clinic -- doctor ${choice.flags}`,
    ],
  }
}

const lacksPlace = ({ config }: RemoteChoice, { jurisdiction, location }: Wanted) =>
  deployed(config).databaseId === undefined && !jurisdiction && !location

/** Asks for what was left out. */
async function askForMissing(choice: RemoteChoice, given: Options): Promise<Options> {
  const options = { ...given }
  if (lacksPlace(choice, options)) {
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
  if (choice.config.workers_dev === false && !deployed(choice.config).origin) {
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
