import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHROMIUM, FLAGS, IN_BROWSER } from './support/chromium.ts'
import { operations } from './support/contract.ts'
import { loadDemoInto } from './support/demo.ts'
import { useWorker } from './support/worker.ts'

const worker = useWorker()
let tokens: Awaited<ReturnType<typeof loadDemoInto>>
beforeAll(async () => {
  tokens = await loadDemoInto(worker)
})

describe.skipIf(!CHROMIUM)('the reference in Chromium', IN_BROWSER, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: FLAGS })
  })
  afterAll(() => browser.close())

  /** Opens the page; `complaints` are what it logs as wrong, `strangers` the requests to elsewhere. */
  async function open(width: number, height: number) {
    const page = await browser.newPage({ viewport: { width, height } })
    const complaints: string[] = []
    const strangers: string[] = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning')
        complaints.push(message.text())
    })
    page.on('request', (request) => {
      const { origin, protocol } = new URL(request.url())
      if (origin !== worker.origin && protocol !== 'data:') strangers.push(request.url())
    })
    await page.goto(`${worker.origin}/docs`)
    await page.getByRole('heading', { name: 'Clinic Insurances API' }).waitFor()
    return { page, complaints, strangers }
  }

  async function tryPlans(page: Page, token: string) {
    await page.getByPlaceholder('QUxM').fill(token)
    await page.getByRole('link', { name: 'List insurance plans' }).click()
    await page.getByRole('button', { name: /Test Request.*get .*\/plans\)/ }).click()
    const client = page.getByRole('dialog')
    await client
      .getByRole('button', { name: /^Send get request/ })
      .first()
      .click()
    return client
  }

  it.each([
    ['a desktop', 1440, 900],
    ['a phone', 390, 844],
  ])(
    'shows every operation, at ease and from our origin alone, on %s',
    async (_, width, height) => {
      const { page, complaints, strangers } = await open(width, height)

      for (const { tags, path, method, summary } of operations()) {
        const section = tags[0].toLowerCase().replace(' ', '-')
        await page.goto(`${worker.origin}/docs#tag/${section}/${method}${path}`)
        await page.getByRole('heading', { name: summary, exact: true }).first().waitFor()
      }

      expect(await page.evaluate('scrollTo(999, scrollY), scrollX')).toBe(0)
      expect(complaints).toEqual([])
      expect(strangers).toEqual([])
      await page.close()
    },
  )

  it('shows a plan to who tries with the demo token, and keeps the token nowhere', async () => {
    const { page, complaints, strangers } = await open(1440, 900)

    const client = await tryPlans(page, tokens.riverside)

    await client.getByText('200 OK').waitFor()
    await client.getByText('Harbor Mutual Essential HMO').waitFor()
    expect(
      await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage })),
    ).not.toContain(tokens.riverside)
    expect(page.url()).not.toContain('clinic_')
    expect(complaints).toEqual([])
    expect(strangers).toEqual([])
    await page.close()
  })

  it('shows the 401 to who tries with a wrong token', async () => {
    const { page } = await open(1440, 900)

    const client = await tryPlans(page, 'clinic_wrong')

    await client.getByText('401 Unauthorized').waitFor()
    await client.getByText('You are not authorized to perform this action.').waitFor()
    await page.close()
  })
})
