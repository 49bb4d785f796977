/** A real browser for the tests of the pages: the system's Chromium, where there is one. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PROGRAM = '/usr/bin/chromium';

/** Tests of the pages skip themselves, with this reason, where no browser is installed. */
export const noBrowser = existsSync(PROGRAM) ? '' : `${PROGRAM} is not installed`;

/** Chromium that never speaks to anything but the page under test. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: PROGRAM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
