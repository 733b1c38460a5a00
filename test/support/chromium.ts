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
if (!CHROMIUM)
  console.warn('SKIPPED: what runs in a browser is not tested, for no Chromium is installed.')
