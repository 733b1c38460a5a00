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

  /** Goes to an operation's place on the page, as a link to it does, and waits until it is there. */
  async function goTo(page: Page, id: string) {
    const found = operations().find(({ operationId }) => operationId === id)
    if (!found) throw new Error(`there is no ${id}`)
    const { tags, path, method, summary } = found
    const section = tags[0].toLowerCase().replace(' ', '-')
    await page.goto(`${worker.origin}/docs#tag/${section}/${method}${path}`)
    await page.getByRole('heading', { name: summary, exact: true }).first().waitFor()
    return page.locator(`[id$="${method}${path}"]`).first()
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

      for (const { operationId } of operations()) await goTo(page, operationId)

      expect(await page.evaluate('scrollTo(999, scrollY), scrollX')).toBe(0)
      expect(complaints).toEqual([])
      expect(strangers).toEqual([])
      await page.close()
    },
  )

  it('shows body fields, every status and our client without a click', async () => {
    const { page } = await open(1440, 900)

    const operation = await goTo(page, 'createPersonInformation')

    await operation.getByText('date_of_birth', { exact: true }).first().waitFor()
    const tabs = operation.getByRole('tab')
    await tabs.last().waitFor()
    const card = await operation.locator('.scalar-card-header-tabs').boundingBox()
    for (const tab of await tabs.all()) {
      const box = await tab.boundingBox()
      expect(box && card && box.x + box.width <= card.x + card.width).toBe(true)
    }
    await operation.getByRole('button', { name: 'Shell Curl' }).click()
    await page.getByText('Our client').first().waitFor()
    await page.close()
  })

  it('lists the guides, whole masks in them, and the changelog', async () => {
    const { page } = await open(1440, 900)

    await page.getByRole('link', { name: 'From a token to a first record' }).first().waitFor()
    await page.getByRole('link', { name: 'Changelog' }).first().waitFor()
    for (const mask of await page.locator('code', { hasText: /^\*{3}-\*{2}-\d{4}$/ }).all()) {
      expect(await mask.evaluate((code) => code.getClientRects().length)).toBe(1)
    }
    await page.close()
  })

  it('fills in the token of the demo, above the guides on a phone', async () => {
    const { page } = await open(390, 844)

    const token = page.getByPlaceholder('QUxM')
    expect(await token.inputValue()).toBe(tokens.riverside)
    const guide = page.getByRole('heading', { name: 'From a token to a first record' })
    const [box, below] = await Promise.all([token.boundingBox(), guide.boundingBox()])
    expect(box && below && box.y < below.y).toBe(true)
    await page.close()
  })

  it('brings the answer into view on a phone, and warns of nothing that is not sent', async () => {
    const { page } = await open(390, 844)
    await page.getByPlaceholder('QUxM').fill(tokens.riverside)
    const operation = await goTo(page, 'listPersonInformations')
    await operation.getByRole('button', { name: /Test Request/ }).click()
    const client = page.getByRole('dialog')
    await client.getByText('patient_id', { exact: true }).first().waitFor()

    expect(await client.getByRole('alert').count()).toBe(0)
    await client
      .getByRole('button', { name: /^Send get request/ })
      .last()
      .click()

    await client.getByText('200 OK').waitFor()
    const answer = client.getByRole('region', { name: 'Response', exact: true })
    await expect.poll(async () => (await answer.boundingBox())?.y ?? 999).toBeLessThan(300)
    await page.close()
  })

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
