import autocannon from 'autocannon'

/** What is sent again and again. */
export type Call = {
  method?: 'GET' | 'POST'
  url: string
  headers: Record<string, string>
  body?: string
}

/** How fast one round went: requests a second, and the milliseconds that each of them took. */
type Round = { throughput: number; latencies: number[] }

/** Sends the call `amount` times over `connections`. Rejects unless every answer is a 2xx. */
export function load(call: Call, amount: number, connections: number): Promise<Round> {
  return new Promise((resolve, reject) => {
    const latencies: number[] = []
    const startedAt = performance.now()
    let endedAt = startedAt
    const running = autocannon(
      // autocannon ends at a sample; the default of a second would lengthen each round to whole seconds.
      { ...call, amount, connections, sampleInt: 20 },
      (error, finished) => {
        if (error) return reject(error)
        if (finished['2xx'] !== amount) return reject(new Error(`${call.url} failed under load`))
        resolve({ throughput: (1000 * amount) / (endedAt - startedAt), latencies })
      },
    )
    running.on('response', (_client, _status, _bytes, milliseconds) => {
      latencies.push(milliseconds)
      endedAt = performance.now()
    })
  })
}
