import { existsSync } from 'node:fs'

/** Chromium as a system has it installed, if it has. */
export const CHROMIUM = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find(existsSync)
export const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
/**
 * On a machine that is busy with other things a page of Chromium's now and then never paints, though it has
 * loaded. Such a test starts over with a page of its own; what is wrong with our page fails every time.
 */
export const IN_BROWSER = { timeout: 120_000, retry: 2 }

if (!CHROMIUM)
  console.warn('SKIPPED: what runs in a browser is not tested, for no Chromium is installed.')
