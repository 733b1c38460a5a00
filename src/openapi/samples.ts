import { ORIGIN } from '../health/reference.ts'

/** How a call is made with the typed client, for the libraries of the reference. */
export function clientSample(id: string, args: readonly unknown[], hasAnswer: boolean) {
  const call = `await client.${id}(${args.map(asSource).join(', ')})`
  return {
    lang: 'TypeScript',
    label: 'Our client',
    source: `import { createClient } from 'clinic-insurances-client'

const client = createClient({ baseUrl: '${ORIGIN}', token: process.env.TOKEN ?? '' })

${hasAnswer ? `const answer = ${call}` : call}`,
  }
}

/** A value as TypeScript has it: no quotes around keys, single ones around text. */
const asSource = (value: unknown) =>
  JSON.stringify(value, null, 2)
    .replace(/"(\w+)":/g, '$1:')
    .replace(/"([^"'\\]*)"/g, "'$1'")
