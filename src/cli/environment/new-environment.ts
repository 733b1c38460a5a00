/** What is an environment's own, by key: a copy starts with none of it. */
const OWN: Record<string, string> = {
  SSN_PUBLIC_KEY: '""',
  routes: '[]',
}
/** What a copy does without. */
const LEFT_OUT = ['CELL', 'CELLS', 'jurisdiction']

/**
 * The text of a wrangler.toml with an environment more. It declares what `like` does, under names of its own, with
 * nothing filled in, and with counters of its own for its limits.
 */
export function withEnvironment(text: string, like: string, env: string): string {
  const counters = [...text.matchAll(/^namespace_id = "(\d+)"/gm)].map(([, id]) => Number(id))
  let counter = Math.ceil(Math.max(...counters, 0) / 100) * 100

  const tables = text
    .split(/^(?=\[)/m)
    .filter((table) => /^\[+env\.([^.\]]+)/.exec(table)?.[1] === like)
  const copied = tables.map((table) => {
    const lines = table.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    return lines
      .map((line) => line.replace(`env.${like}`, `env.${env}`).replace(`-${like}"`, `-${env}"`))
      .map((line) => {
        const [key = ''] = line.split(' = ')
        if (key === 'namespace_id') return `namespace_id = "${++counter}"`
        return key in OWN ? `${key} = ${OWN[key]}` : line
      })
      .filter((line) => !LEFT_OUT.includes(line.split(' = ')[0] ?? ''))
      .join('\n')
  })
  return `${text.trimEnd()}\n\n${copied.join('\n\n')}\n`
}
