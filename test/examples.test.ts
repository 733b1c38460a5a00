import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { operationAt, operations } from './support/contract.ts'
import { loadDemoInto } from './support/demo.ts'
import { PROJECT } from './support/project.ts'
import { useWorker } from './support/worker.ts'

const DEV = 'http://localhost:8787'

const worker = useWorker()
beforeAll(() => loadDemoInto(worker))

describe('api.http', () => {
  const text = readFileSync(join(import.meta.dirname, 'api.http'), 'utf8')
  const [head = '', ...blocks] = text.split(/^### /m)
  const variables = [...head.matchAll(/^@(\w+) = (.*)$/gm)].map(([, name = '', value = '']) => ({
    name,
    value,
  }))
  /** Later variables may stand on earlier ones, so the last is filled in first. */
  const filledIn = (block: string) =>
    variables.reduceRight(
      (filled, { name, value }) => filled.replaceAll(`{{${name}}}`, value),
      block,
    )

  const requests = blocks.map(filledIn).map((block) => {
    const [, title = '', status = '', method = '', url = '', rest = ''] =
      /^(.*): (\d{3})\n([A-Z]+) (\S+)\n?([^]*)$/.exec(block) ?? []
    const [headers = '', ...body] = rest.split('\n\n')
    return {
      title,
      status: Number(status),
      method,
      path: url.replace(DEV, ''),
      headers: Object.fromEntries(
        [...headers.matchAll(/^([\w-]+): (.*)$/gm)].map(([, name, value]) => [name, value]),
      ),
      body: body.join('\n\n').trim(),
    }
  })

  it.each(requests)('$title: $status', async ({ status, method, path, headers, body }) => {
    const response = await worker.fetch(path, { method, headers, ...(body && { body }) })

    expect(response.status).toBe(status)
  })

  it('makes every call', () => {
    const made = requests.map(({ method, path }) => operationAt(method, path)?.operationId)

    expect(new Set(made)).toEqual(new Set(operations().map(({ operationId }) => operationId)))
  })
})

describe('GET /openapi.json', () => {
  it('names the origin that serves it, so that generated clients call nobody else', async () => {
    const local = await worker.fetch('/openapi.json')
    const hosted = await worker.fetch('https://insurances.example.com/openapi.json')

    expect(JSON.parse(await local.text()).servers[0].url).toMatch(/^https?:\/\/[^/]+$/)
    const text = await hosted.text()
    expect(JSON.parse(text).servers[0].url).toBe('https://insurances.example.com')
    expect(text).not.toContain('origin.invalid')

    const again = { headers: { 'If-None-Match': hosted.headers.get('ETag') ?? '' } }
    const unchanged = await worker.fetch('https://insurances.example.com/openapi.json', again)
    expect(unchanged.status).toBe(304)
  })
})

describe('README.md', () => {
  const readme = readFileSync(join(PROJECT, 'README.md'), 'utf8')
  const fences = [...readme.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(
    ([, language = '', content = '']) => ({ language, content }),
  )
  const examples = fences.flatMap(({ language, content }, n) => {
    if (language !== 'sh' || !content.startsWith('curl ')) return []
    const next = fences[n + 1]
    const [at] = /\$API[^\s"']*/.exec(content) ?? []
    return [{ at, command: content, answer: next?.language === 'json' ? next.content : '' }]
  })
  /** Shell variables that the reader has set by then, such as the token. */
  const settings = [...readme.matchAll(/^(?:export )?[A-Z_]+=\S+$/gm)].map(([line]) => line)

  it('has examples', () => expect(examples.length).toBeGreaterThan(0))

  it.each(examples)('has a curl of $at that answers as printed', ({ command, answer }) => {
    const script = [...settings, command].join('\n').replaceAll(DEV, worker.origin)
    const output = execFileSync('bash', ['-euo', 'pipefail', '-c', script], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })

    if (answer === '') expect(output).toBe('')
    else expect(lasting(bodyOf(output))).toEqual(lasting(answer.replaceAll(DEV, worker.origin)))
  })

  /** What is answered, without the headers that `curl -i` prints before it. */
  const bodyOf = (output: string) => output.slice(output.indexOf('{'))

  /** The answer, but for what differs from one run to the next. */
  const lasting = (json: string): unknown =>
    JSON.parse(json, (key, value) =>
      ['id', 'at', 'created_at', 'updated_at', 'version'].includes(key) ? typeof value : value,
    )
})
