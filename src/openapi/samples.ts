import { ORIGIN } from '../health/reference.ts'

/** A code sample for the reference: a call with the typed client. */
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

/** A value as TypeScript source: keys without quotes, text in single quotes. */
const asSource = (value: unknown) =>
  JSON.stringify(value, null, 2)
    .replace(/"(\w+)":/g, '$1:')
    .replace(/"([^"'\\]*)"/g, "'$1'")
