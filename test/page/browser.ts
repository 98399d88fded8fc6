/** Chromium for tests of pages: its own installation, without anything that asks the network. */
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const CHROMIUM = '/usr/bin/chromium'

/** Why no browser can be started; undefined where one can. */
export function reasonWithoutBrowser(): string | undefined {
  if (existsSync(CHROMIUM)) return undefined
  return 'there is no /usr/bin/chromium: apt-get install --no-install-recommends chromium'
}

/** Returns a browser, which its test closes. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
