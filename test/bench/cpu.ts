import { readdir, readFile } from 'node:fs/promises'

/**
 * Milliseconds of processor that workerd, our child, has used so far. Unlike the clock it does not count what
 * else the machine is busy with. NaN where the system does not tell it as Linux does.
 */
export async function cpuOfWorkerd(): Promise<number> {
  try {
    const children = await readFile(`/proc/self/task/${process.pid}/children`, 'utf8')
    let nanoseconds = 0
    for (const child of children.trim().split(' ')) {
      const name = await readFile(`/proc/${child}/comm`, 'utf8')
      if (name.trim() !== 'workerd') continue
      for (const thread of await readdir(`/proc/${child}/task`)) {
        const [used] = (await readFile(`/proc/${child}/task/${thread}/schedstat`, 'utf8')).split(
          ' ',
        )
        nanoseconds += Number(used)
      }
    }
    return nanoseconds > 0 ? nanoseconds / 1e6 : NaN
  } catch {
    return NaN
  }
}
