import { describe, expect, it } from 'vitest';
import { buildReport } from '../../analysis/report.ts';
import { renderReportText } from '../../src/cli/report-text.ts';
import { widthOf } from '../../src/cli/text/cell.ts';
import type { WindowFacts } from '../../src/events/facts.ts';
import { channelOf, classOf, EMPTY_FACTS, stepOf } from '../analysis/fixtures.ts';
import { sampleFacts } from '../server/sample-facts.ts';
import { MINUTE_US } from '../../src/core/time.ts';
import { shopFacts } from '../analysis/shop-facts.ts';

const ANSI = /\u001b\[\d+m/g;

const textOf = (facts: WindowFacts, columns: number, color = false) =>
  renderReportText(buildReport(facts), { columns, color });
const linesOf = (facts: WindowFacts, columns: number, color = false) =>
  textOf(facts, columns, color).split('\n');

describe('renderReportText', () => {
  it.each([80, 120])('tells of the shop in %i columns', async (columns) => {
    await expect(textOf(shopFacts(), columns)).toMatchFileSnapshot(`report-${columns}.txt`);
  });

  it('tells of an empty window', async () => {
    await expect(textOf(EMPTY_FACTS, 100)).toMatchFileSnapshot('report-empty.txt');
  });

  it('tells of standbys how far they are behind, and of base backups how far they came', () => {
    const text = linesOf({ ...EMPTY_FACTS, replication: sampleFacts().replication }, 120);
    const start = text.findIndex((line) => line.includes('Replication'));
    expect(
      text.slice(start + 1, start + 5).map((line) => line.replace(/\s+/g, ' ').trim()),
    ).toEqual([
      expect.stringMatching(/^receiver server mode replayed behind at most lag at most state$/),
      expect.stringMatching(
        /^standby_b 10\.20\.0\.5:5432 physical 16\/B36F0000 .* 2\.02 s 41\.2 s streaming$/,
      ),
      expect.stringMatching(/^pg_basebackup .* base backup .* running, .*62.*%\)$/),
      '',
    ]);
  });

  it('tells of several collectors one by one, and whose view it is when one was asked for', () => {
    const shop = shopFacts();
    const {
      connectionsDoubled: _doubled,
      connectionsLoadedTwice: _twice,
      rowsRetired: _retired,
      ...counts
    } = shop.capture;
    const one = { ...counts, firstUs: null, lastUs: null };
    const facts: WindowFacts = {
      ...shop,
      scope: { collector: 'west' },
      capture: { ...shop.capture, connectionsDoubled: 2 },
      collectors: [
        { ...one, collector: 'east\u001b[2J', lostBytes: 77 },
        { ...one, collector: 'west' },
      ],
    };
    const text = textOf(facts, 80);
    expect(text).toMatch(/; as west saw it\n/);
    expect(text).toMatch(/Collectors {2}2 connections seen by more than one\n/);
    expect(text).toMatch(/east\S* +412,880 +77 B +3 +0\n/);
    expect(text).not.toContain('\u001b');
    expect(textOf(shop, 80)).not.toMatch(/Collectors/);
  });

  it('says of how many connections the applications and users of nodes are known, unless of all', () => {
    const shop = shopFacts();
    const of = (channelsCount: number, columns: number) =>
      textOf({ ...shop, channelsCount }, columns);
    const known = shop.channels.length;
    expect(of(20_000, 160)).toContain(`who: of ${known} of the 20,000 connections`);
    expect(of(20_000, 100)).not.toContain('who: of');
    expect(of(known, 160)).not.toContain('who: of');
  });

  it('has no line wider than the terminal', () => {
    const address = '2001:db8:1234:5678:9abc:def0:1234:5678';
    const shop = shopFacts();
    const longNames: WindowFacts = {
      ...shop,
      edges: shop.edges.map((edge) => ({ ...edge, client: address, server: `[${address}]:5432` })),
      channels: shop.channels.map((row) => ({
        ...row,
        client: address,
        user: 'a_long_user_name_'.repeat(4),
      })),
      errors: shop.errors.map((row) => ({ ...row, clients: [address, address, address] })),
      slowest: shop.slowest.map((row) => ({ ...row, client: address })),
    };
    for (const facts of [shop, longNames, EMPTY_FACTS]) {
      for (const columns of [60, 72, 80, 91, 100, 112, 120, 133, 160, 200]) {
        for (const line of linesOf(facts, columns)) {
          expect(widthOf(line), `${columns}: ${line}`).toBeLessThanOrEqual(columns);
        }
      }
    }
  });

  it('says the same with and without colour, and is without any when told so', () => {
    const plain = linesOf(shopFacts(), 100);
    const coloured = linesOf(shopFacts(), 100, true);
    expect(coloured.join('\n')).toMatch(ANSI);
    expect(plain.join('\n')).not.toMatch(ANSI);
    expect(coloured.map((line) => line.replace(ANSI, '').trimEnd())).toEqual(plain);
  });

  it('says which part of the store the window is', () => {
    const facts = shopFacts();
    const { fromUs, toUs } = facts.extent;
    const told = (window: WindowFacts['window']) => linesOf({ ...facts, window }, 100)[1];
    expect(told(facts.window)).toBe('10 min, all that is stored');
    expect(told({ fromUs: toUs - 3 * MINUTE_US, toUs })).toBe('the last 3 min of 10 min stored');
    expect(told({ fromUs, toUs: fromUs + MINUTE_US })).toBe('60 s out of 10 min stored');
    expect(linesOf({ ...facts, scope: { client: '10.20.1.17' } }, 100)[1]).toContain(
      'only 10.20.1.17',
    );
  });

  it('lets no captured text drive the terminal', () => {
    const evil = 'SELECT \u001b]0;owned\u0007 \u202e FROM t\nWHERE \u009b2J';
    const facts = shopFacts();
    const text = textOf(
      {
        ...facts,
        classes: [classOf('00000000000000a1', evil, 10, 5000)],
        errors: facts.errors.map((row) => ({ ...row, sqlstate: evil, sampleMessage: evil })),
        channels: [
          channelOf({ user: evil, database: evil, application: evil, lastNormalized: evil }),
        ],
        ddl: facts.ddl.map((row) => ({ ...row, statement: evil, user: evil })),
        slowest: facts.slowest.map((row) => ({ ...row, statement: evil, user: evil })),
        sessionEvents: [{ type: evil, count: 1, firstUs: 0, lastUs: 0, detail: evil }],
      },
      200,
    );
    expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    expect(text).toContain('·2J');
  });

  it('leaves a hole in the chart where nothing was answered', () => {
    const steps = [0, 1, 2].map((index) =>
      stepOf({
        startUs: EMPTY_FACTS.window.fromUs + index * 20_000_000,
        stepUs: 20_000_000,
        ...(index === 1
          ? {}
          : {
              answers: 5,
              durationSumUs: 5000,
              durationMaxUs: 1100,
              durations: new Map([[80, 5]]),
            }),
      }),
    );
    const lines = linesOf({ ...EMPTY_FACTS, steps }, 80);
    const bottom = lines[lines.findIndex((line) => line.startsWith('Response time')) + 4];
    expect(bottom).toMatch(/┤█{6} {6}█{6}$/);
  });
});
