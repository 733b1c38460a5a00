import autocannon from 'autocannon'

/** A request as it is sent. */
export type Call = {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  headers: Record<string, string>
  body?: string
}

/** How fast one round went: requests a second, and the milliseconds that each of them took. */
export type Round = { throughput: number; latencies: number[] }

/**
 * Sends `amount` calls over so many connections; `next` gives each. Rejects unless every answer is a 2xx, or `isAnswer`
 * takes others too.
 */
export function load(
  origin: string,
  next: () => Call,
  amount: number,
  connections: number,
  isAnswer = (status: number) => status < 300,
): Promise<Round> {
  return new Promise((resolve, reject) => {
    const latencies: number[] = []
    const startedAt = performance.now()
    let endedAt = startedAt
    let unlike = 0
    const running = autocannon(
      {
        url: origin,
        amount,
        connections,
        requests: [{ setupRequest: (request) => ({ ...request, ...next() }) }],
        // autocannon ends at a sample; the default of a second would lengthen each round to whole seconds.
        sampleInt: 20,
      },
      (error) => {
        if (error) return reject(error)
        if (unlike > 0) return reject(new Error(`${next().path} failed under load`))
        resolve({ throughput: (1000 * amount) / (endedAt - startedAt), latencies })
      },
    )
    running.on('response', (_client, status, _bytes, milliseconds) => {
      if (!isAnswer(status)) unlike++
      latencies.push(milliseconds)
      endedAt = performance.now()
    })
  })
}
