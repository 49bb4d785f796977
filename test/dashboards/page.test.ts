/** The page and the report file in a real browser, built from their sources as they stand. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildReport } from '../../analysis/report.ts';
import { renderReportHtml } from '../../src/cli/report-html.ts';
import type { Window } from '../../src/events/facts.ts';
import { type Listening, startServer } from '../../src/server/listen.ts';
import { EMPTY_FACTS } from '../analysis/fixtures.ts';
import { EXTENT } from '../server/sample-hour.ts';
import { executionsOf } from '../server/sample-classes.ts';
import { sampleFacts } from '../server/sample-facts.ts';
import { storedSamples } from '../server/sample-judgements.ts';
import { noBrowser, startBrowser } from './browser.ts';
import { HOSTILE_SQL } from '../server/sample-shapes.ts';

const NOBODY = '10.9.9.9';

const VITE = {
  root: 'dashboards/web',
  configFile: 'dashboards/web/vite.config.ts',
  logLevel: 'error' as const,
};

describe.skipIf(noBrowser !== '')(`the page ${noBrowser}`, () => {
  const directory = `${mkdtempSync(join(tmpdir(), 'mirrorsql-page-'))}/`;
  let browser: Browser;
  let listening: Listening;
  let extent: Window | undefined = EXTENT;
  /** Traffic in every third step only. */
  let inBursts = false;
  /** What the page says on its console, and every address that it asks for. */
  let complaints: string[] = [];
  let asked: string[] = [];

  beforeAll(async () => {
    await build({ ...VITE, build: { outDir: directory, emptyOutDir: true } });
    await build({ ...VITE, mode: 'report', build: { outDir: directory, emptyOutDir: false } });
    listening = await startServer(
      {
        webDirectory: directory,
        facts: {
          extent: () => Promise.resolve(extent),
          windowFacts: (window, scope) => {
            if (scope.client === NOBODY) {
              return Promise.resolve({ ...EMPTY_FACTS, window, extent: EXTENT, scope });
            }
            const facts = sampleFacts(window, scope);
            const steps = facts.steps.filter((_, index) => !inBursts || index % 3 === 0);
            // One was last heard of a while before the window ends, with a transaction open.
            const [silent, ...channels] = facts.channels;
            if (silent === undefined) throw new Error('the sample has no channels');
            const heard = {
              openTransactionSinceUs: EXTENT.toUs - 101e6,
              lastSeenUs: EXTENT.toUs - 60e6,
            };
            channels.unshift({ ...silent, endUs: null, endReason: null, ...heard });
            return Promise.resolve({ ...facts, steps, channels });
          },
          ...storedSamples,
          executions: (_window, { fingerprint }) =>
            Promise.resolve(executionsOf(40).filter((row) => row.fingerprint === fingerprint)),
        },
      },
      '127.0.0.1:0',
    );
    browser = await startBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await listening.close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function open(url: string, width = 1440): Promise<Page> {
    complaints = [];
    asked = [];
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(url);
    return page;
  }

  const opened = async (url = listening.url, width = 1440) => {
    const page = await open(url, width);
    await page.waitForSelector('.figures');
    return page;
  };

  /** Captured SQL that wants to be markup must be there as text, and must not have run. */
  async function expectInert(page: Page): Promise<void> {
    await page.locator('#statements').getByRole('button', { name: 'Show all' }).click();
    expect(await page.locator('#statements').textContent()).toContain(HOSTILE_SQL);
    await page.locator('#statements .statement-link', { hasText: '</script>' }).click();
    await page.waitForSelector('.details');
    expect(await page.locator('.details pre').textContent()).toContain('onerror="window.pwned=1"');
    expect(await page.locator('#errors').textContent()).toContain('<b>bold</b>');
    expect(await page.locator('#incidents').textContent()).toContain('</script><script>window');
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.evaluate('window.pwned')).toBeUndefined();
  }

  it('shows captured SQL as text, never as markup', async () => {
    const page = await opened();
    await expectInert(page);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('asks nobody but its own server, and keeps to the content security policy', async () => {
    const page = await opened();
    await page.locator('#statements tbody tr').first().click();
    await page.waitForSelector('.details table');
    expect(asked.filter((url) => !url.startsWith(listening.url))).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('says of how many connections the applications and users of nodes are known', async () => {
    const page = await opened();
    expect(await page.locator('#nodes').textContent()).toContain(
      'those of 34 of the 86 connections',
    );
    await page.close();
  });

  it('tells the age of an open transaction as of when its connection was last heard of', async () => {
    const page = await opened();
    expect(await page.locator('#channels tbody').textContent()).toContain('41.0 s');
    await page.close();
  });

  it('shows all columns of the errors on a usual screen, each client below the other', async () => {
    const page = await opened(listening.url, 1400);
    const cut = await page.evaluate(
      "(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)(document.querySelector('#errors .table-frame'))",
    );
    expect(cut).toBe(0);
    await page.close();
  });

  it('zooms into a stretch dragged over a chart, says it in its address, and goes back', async () => {
    const page = await opened();
    await page.locator('.chart-plot').first().scrollIntoViewIfNeeded();
    const box = await page.locator('.chart-plot').first().boundingBox();
    const { x, y, width } = box ?? { x: 0, y: 0, width: 0 };
    await page.mouse.move(x + width * 0.5, y + 60);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.75, y + 60, { steps: 4 });
    await page.mouse.up();
    await page.waitForFunction('location.hash.includes("from=")');
    const fields = new URLSearchParams(new URL(page.url()).hash.slice(1));
    const [fromUs, toUs] = [Number(fields.get('from')), Number(fields.get('to'))];
    expect(fromUs).toBeGreaterThan(EXTENT.fromUs);
    expect(toUs).toBeLessThan(EXTENT.toUs);
    await page.getByRole('button', { name: 'Back to the window before' }).click();
    await page.waitForFunction('location.hash === ""');
    await page.close();
  });

  it('narrows the window to an incident that is clicked, in an address that can be sent', async () => {
    const page = await opened();
    await page.getByRole('button', { name: 'Narrow the window to this incident' }).first().click();
    await page.waitForFunction('location.hash.includes("from=")');
    const address = page.url();
    await page.close();
    const again = await opened(address);
    // What began with the hang at 09:50:00, and at most five minutes before it.
    expect(await again.locator('.fixed-window summary').textContent()).toMatch(/09:4[5-9]:\d\d – /);
    await again.close();
  });

  it('tells the states of a node to the keyboard, and narrows the window to one', async () => {
    const page = await opened();
    const strip = page.getByRole('listbox', { name: 'States of 10.20.8.5:5432' });
    await strip.focus();
    // It begins with what is not well.
    expect(await page.locator('.told').textContent()).toMatch(
      /^10\.20\.8\.5:5432 hang from 09:50:05 .*oldest request without an answer/,
    );
    await page.keyboard.press('ArrowLeft');
    const chosen = strip.locator('[aria-selected="true"]');
    expect(await chosen.getAttribute('aria-label')).toMatch(/^healthy, 09:00:00, 50 min/);
    expect(await strip.getAttribute('aria-activedescendant')).toBe(await chosen.getAttribute('id'));
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await page.waitForFunction('location.hash.includes("from=")');
    await page.close();
  });

  it('tells findings with their numbers and what to do', async () => {
    const page = await opened();
    expect(await page.locator('#findings tbody tr').first().textContent()).toMatch(
      /critical.*10\.20\.8\.5:5432 hung\.oldest request.*threshold.*Look at the oldest open/,
    );
    await page.close();
  });

  it('tells how far each standby is, and a base backup', async () => {
    const page = await opened();
    const rows = await page.locator('#replication tbody tr').allTextContents();
    expect(rows[0]).toMatch(
      /10\.20\.0\.6.*standby_b.*physical.*16\/B374D848.*16\/B36F0000.*383 kB.*2\.02 s.*41\.2 s.*streaming/,
    );
    expect(rows[1]).toMatch(/pg_basebackup.*base backup.*running, .*\(62\.5 %\)/);
    await page.close();
  });

  it('tells when a class reaches its threshold, from when that is counted, and in which band', async () => {
    for (const width of [1440, 390]) {
      const page = await opened(listening.url, width);
      const section = page.locator('#class-forecast');
      expect(await section.locator('.note').textContent()).toContain('from 10:00:00 on');
      expect(await section.locator('tbody tr').allInnerTexts()).toEqual([
        expect.stringMatching(
          /SELECT[^]*42\.0 ms\s+×2\.1\s+46\.9 ms in 10 min \(46\.9 ms to 46\.9 ms\)\s+45\.3 ms in 6 min \(6 min to 7 min\)/,
        ),
      ]);
      const box = await section.getByText('45.3 ms in 6 min').boundingBox();
      expect((box?.x ?? width) + (box?.width ?? 0)).toBeLessThan(width);
      const began = page.locator('#findings tr', { hasText: 'forecast/slows' });
      expect(await began.locator('td').nth(2).textContent()).toBe('now');
      await page.close();
    }
  });

  it('shows what stands alone between gaps: a burst a minute has response times', async () => {
    inBursts = true;
    const page = await opened();
    const bluePixels = await page.evaluate<number>(`(() => {
      const canvas = document.querySelector('.chart-plot[aria-label^="Response time"] canvas');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let at = 0; at < data.length; at += 4) if (data[at + 2] > data[at] + 60) count++;
      return count;
    })()`);
    expect(bluePixels).toBeGreaterThan(100);
    inBursts = false;
    await page.close();
  });

  it('tells what an execution runs and how many sets of values it has, only where there is such', async () => {
    const page = await opened();
    const rows = await page.locator('#slowest tbody tr').allInnerTexts();
    expect(rows[1]).toContain('a batch of 32 sets of values');
    expect(rows[2]).toMatch(/runs SELECT '<\/script><script>/);
    expect(rows[0]).not.toMatch(/a batch of|runs /);
    expect(await page.locator('img').count()).toBe(0);
    await page.close();
  });

  it('tells which lists are read row by row', async () => {
    const page = await opened();
    const rows = await page.locator('#repetitions tbody tr').allTextContents();
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatch(/2.048.*25.*20\.0 ms.*10\.20\.4\.30.*SELECT/);
    await page.close();
  });

  it('zooms by keyboard alone', async () => {
    const page = await opened();
    await page.locator('.chart-plot').first().focus();
    await page.keyboard.press('ArrowRight');
    for (let step = 0; step < 5; step++) await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Enter');
    await page.waitForFunction('location.hash.includes("from=")');
    await page.close();
  });

  it('opens a statement by keyboard, keeps it in the address, and closes it with Escape', async () => {
    const page = await opened();
    await page.locator('#statements .statement-link').first().focus();
    await page.keyboard.press('Enter');
    await page.waitForSelector('.details');
    expect(page.url()).toContain('class=');
    await page.keyboard.press('Escape');
    await page.waitForFunction('location.hash === ""');
    expect(await page.locator('.details').count()).toBe(0);
    await page.close();
  });

  it('narrows to a client, and remembers which others there are', async () => {
    const page = await opened();
    await page.getByLabel('Client').selectOption('10.20.4.11');
    await page.waitForFunction('location.hash.includes("client=10.20.4.11")');
    await page.waitForSelector('.progress:not(.running)');
    expect(await page.getByLabel('Client').locator('option').count()).toBe(4);
    await page.close();
  });

  it('sorts a table by the column that is clicked, and tells assistive programs', async () => {
    const page = await opened();
    await page.locator('#statements').getByRole('button', { name: 'Calls' }).click();
    const head = page.locator('#statements th[aria-sort]');
    expect(await head.getAttribute('aria-sort')).toBe('descending');
    expect(await head.textContent()).toContain('Calls');
    expect(await page.locator('#statements tbody tr').first().textContent()).toContain('811 k');
    await page.close();
  });

  it('fits a narrow screen without scrolling sideways', async () => {
    const page = await opened(listening.url, 400);
    const width = await page.evaluate<number>('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(400);
    await page.close();
  });

  it('says how to begin when the store is empty, and does not look busy meanwhile', async () => {
    extent = undefined;
    const page = await open(listening.url);
    await page.waitForSelector('text=mirrorsql load');
    await page.waitForSelector('text=mirrorsql monitor');
    expect(await page.locator('.progress.running').count()).toBe(0);
    expect(complaints).toEqual([]);
    await page.close();
    extent = EXTENT;
  });

  it('says what is wrong and offers another try when a window cannot be had', async () => {
    const page = await open(`${listening.url}#from=5&to=999999999999999999`);
    await page.waitForSelector('.figures, [role="alert"]');
    await page.goto(`${listening.url}#client=${'x'.repeat(200)}`);
    await page.waitForSelector('[role="alert"] >> text=Try again');
    await page.close();
  });

  it('says in one sentence that nobody was seen, and leads to where somebody was', async () => {
    const page = await open(`${listening.url}#client=${NOBODY}`);
    await page.waitForSelector('.nothing');
    expect(await page.locator('.nothing').innerText()).toMatch(
      /^Nothing was seen from 10\.9\.9\.9 in this window\s+Shown is all that is stored/,
    );
    expect(await page.locator('section').count()).toBe(2);
    expect(await page.locator('.chip').textContent()).toContain('not known what was missed');
    await page.getByRole('button', { name: 'Show everybody' }).click();
    await page.waitForSelector('.figures');
    expect(page.url()).not.toContain('client');
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('marks what it still shows of the view before, until the one that was asked for is there', async () => {
    const page = await opened();
    expect(await page.locator('.awaited').count()).toBe(0);
    let answer: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (answer = resolve));
    await page.route('**/api/v1/report**', async (route) => {
      await held;
      await route.continue();
    });
    await page.getByLabel('Client').selectOption('10.20.4.11');
    await page.waitForSelector('.awaited');
    answer();
    await page.waitForSelector('.fresh');
    expect(await page.locator('.awaited').count()).toBe(0);
    await page.close();
  });

  it('says that something else answered, where a proxy does', async () => {
    const page = await browser.newPage();
    await page.route('**/api/v1/**', (route) =>
      route.fulfill({ contentType: 'text/html', body: '<h1>Please log in</h1>' }),
    );
    await page.goto(listening.url);
    await page.waitForSelector('[role="alert"] >> text=is not MirrorSQL');
    await page.close();
  });

  it('asks again by itself after a failure that passes, and not where the question is wrong', async () => {
    const page = await browser.newPage();
    await page.clock.install();
    let answering = false;
    await page.route('**/api/v1/report**', (route) =>
      answering
        ? route.continue()
        : route.fulfill({ status: 503, json: { message: 'the store is away', hint: 'wait' } }),
    );
    await page.goto(listening.url);
    await page.waitForSelector(
      '[role="alert"] >> text=The store is away. Wait. This page asks again',
    );
    answering = true;
    await page.clock.fastForward(11_000);
    await page.waitForSelector('.figures');
    expect(await page.locator('[role="alert"]').count()).toBe(0);
    await page.goto(`${listening.url}#client=${'x'.repeat(200)}`);
    await page.waitForSelector('[role="alert"]');
    expect(await page.locator('[role="alert"]').innerText()).not.toContain('asks again');
    await page.close();
  });

  it('gives up on an answer that does not come, with what to do', async () => {
    const page = await browser.newPage();
    await page.clock.install();
    await page.route('**/api/v1/report**', () => undefined);
    await page.goto(listening.url);
    await page.waitForSelector('text=Reading what is stored');
    await page.clock.fastForward(61_000);
    await page.waitForSelector('[role="alert"] >> text=did not answer within a minute');
    await page.unrouteAll();
    await page.close();
  });

  it('leaves a sentence, not an empty page, when an answer is of another version', async () => {
    const page = await browser.newPage();
    await page.route('**/api/v1/report**', (route) => route.fulfill({ json: {} }));
    await page.goto(listening.url);
    await page.waitForSelector('[role="alert"] >> text=Load the page again');
    await page.close();
  });

  it('says of a statement that was not seen in the window what to do', async () => {
    const page = await opened(`${listening.url}#class=00000000000000aa`);
    await page.waitForSelector('text=choose a longer one');
    await page.close();
  });

  it('breaks and cuts names that are one long word, at every width', async () => {
    const word = 'reporting_service_of_the_northern_region_'.repeat(6);
    for (const width of [1400, 390]) {
      const page = await browser.newPage({ viewport: { width, height: 900 } });
      await page.route('**/api/v1/report**', async (route) => {
        const answer = await (await route.fetch()).text();
        const named = answer.replaceAll(
          /"(user|database|application|text)":"(?:[^"\\]|\\.)*"/g,
          `"$1":"${word}"`,
        );
        await route.fulfill({ contentType: 'application/json', body: named });
      });
      await page.goto(listening.url);
      await page.waitForSelector('.highlights');
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
        width,
      );
      const widest = await page.evaluate<number>(
        "Math.max(...[...document.querySelectorAll('td:not(.wide)')].map((cell) => cell.clientWidth))",
      );
      expect(widest).toBeLessThanOrEqual(400);
      const cell = page.locator('td:visible:not(.wide)', { hasText: word }).first();
      await cell.dispatchEvent('mouseover');
      expect(await cell.getAttribute('title')).toContain(word);
      await page.close();
    }
  });

  it('stands in one file that asks for nothing and runs nothing but itself', async () => {
    const file = join(directory, 'opened.html');
    writeFileSync(file, await renderReportHtml(buildReport(sampleFacts()), directory));
    const url = pathToFileURL(file).href;
    const page = await opened(url);
    await expectInert(page);
    expect(asked).toEqual([url]);
    expect(complaints).toEqual([]);
    await page.close();
  });
});
