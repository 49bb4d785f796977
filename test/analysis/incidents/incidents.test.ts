import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptySecond } from '../../../analysis/health/each-second.ts';
import { defaultIncidentSettings } from '../../../analysis/incidents/settings.ts';
import type { WindowFacts } from '../../../src/events/facts.ts';
import type { Incident } from '../../../src/events/incidents.ts';
import type { OpenTransactionFacts } from '../../../src/events/open-transactions.ts';
import type { MissedPeriod } from '../../../src/events/report.ts';
import { countPart, textPart } from '../../../src/events/sentence.ts';
import { sampleOpenTransactions } from '../../server/sample-transactions.ts';
import { channelOf, EMPTY_FACTS } from '../fixtures.ts';
import { at, findingOf } from './findings-of.ts';
import { nodeSecondsOf } from '../health/node-columns.ts';
import { DATABASE, SHOP, BILLING, told, wordsOf, line, hang, slow } from './incidents-of.ts';

const keysOf = (incidents: readonly Incident[]) =>
  incidents.map(({ findings }) => findings.map(({ key }) => key));

describe('findings', () => {
  it('of a database and of the applications that talk to it are one incident, the database first', () => {
    const [incident, ...more] = told([slow(SHOP, 130), hang, slow(BILLING, 140)]);
    expect(more).toEqual([]);
    expect(incident).toMatchObject({
      id: '7e48de65f742675f',
      severity: 'critical',
      sinceUs: at(100),
      untilUs: at(200),
      firstCause: { finding: { key: hang.key }, onsetUs: at(100) },
      nodes: [
        { node: DATABASE, role: 'server' },
        { node: SHOP, role: 'client' },
        { node: BILLING, role: 'client' },
      ],
    });
    expect(incident?.timeline.map(line)).toEqual([
      '100 finding_began: 10.0.0.1:5432 is not well.',
      '100 finding_began: 10.0.1.1 is not well.',
      '110 finding_began: 10.0.1.2 is not well.',
      '160 finding_ended: 10.0.0.1:5432: hang over, after 60000000.',
      '190 finding_ended: 10.0.1.1: slow over, after 90000000.',
      '200 finding_ended: 10.0.1.2: slow over, after 90000000.',
    ]);
    expect(wordsOf({ parts: incident?.summary ?? [] })).toBe(
      '10.0.0.1:5432 is not well. 1 database and 2 applications concerned.',
    );
    expect(wordsOf({ parts: incident?.firstCause.because ?? [] })).toBe(
      'It began together with others, and 2 applications share this database.',
    );
  });

  it('of a transaction that others wait for concern who holds it and who waits', () => {
    const since = at(100);
    const [sample] = sampleOpenTransactions({ fromUs: at(0), toUs: at(1200) }).open as [
      OpenTransactionFacts,
    ];
    const holder = {
      ...sample,
      sessionId: 'aaaaaaaaaaaaaaa1',
      client: SHOP,
      waiting: [
        { sessionId: 'bbbbbbbbbbbbbbb1', client: BILLING, fingerprint: '', sinceUs: since },
        { sessionId: 'ccccccccccccccc1', client: '10.0.1.3', fingerprint: '', sinceUs: since },
      ],
    };
    const [incident] = told(
      [
        findingOf({
          kind: 'open-transactions/blocking',
          severity: 'warning',
          sinceUs: since,
          untilUs: at(145),
          // Of the others that asked meanwhile, one that reads is none that waits.
          sessions: ['aaaaaaaaaaaaaaa1', 'bbbbbbbbbbbbbbb1'],
        }),
      ],
      { openTransactions: { ...EMPTY_FACTS.openTransactions, ended: [holder] } },
    );
    expect(incident?.nodes.map(({ node }) => node)).toEqual([DATABASE, SHOP, BILLING]);
    expect(incident?.timeline.map(line).at(-1)).toBe(
      '145 finding_ended: 10.0.0.1:5432: the transaction that others waited for is over, after 45000000.',
    );
  });

  it('of an application without connections end with its connections', () => {
    const ended = (node: string) =>
      told([
        findingOf({
          kind: 'state/down',
          severity: 'critical',
          node,
          sinceUs: at(100.5),
          untilUs: at(200.5),
        }),
      ])[0]
        ?.timeline.map(wordsOf)
        .at(-1);
    expect(ended(SHOP)).toBe(`${SHOP}: connections again, after 100000000.`);
    expect(ended(DATABASE)).toBe(`${DATABASE}: down over, after 100000000.`);
  });

  it.each([
    ['error-diagnosis/share', 'the last of these errors, after 60000000.'],
    ['low-tps/database', 'as many transactions as usual again, after 60000000.'],
    ['workload-mix/changed', 'asked as usual again, after 60000000.'],
    ['hot/value', 'the last of these values, after 60000000.'],
    ['open-transactions/idle', 'the transaction that stood open is over, after 60000000.'],
    ['state/sub_healthy', 'sub healthy over, after 60000000.'],
    // It ends with the window, whatever became of it.
    ['big-transactions/type', undefined],
  ])('that end are told in the words of what they were: %s', (kind, words) => {
    const [incident] = told([findingOf({ kind, sinceUs: at(100), untilUs: at(160) })]);
    const ends = incident?.timeline.filter((entry) => entry.kind === 'finding_ended').map(wordsOf);
    expect(ends).toEqual(words === undefined ? [] : [`${DATABASE}: ${words}`]);
  });

  it('of errors within a moment have no end worth a line', () => {
    const errors = (untilUs: number) =>
      findingOf({
        kind: 'error-diagnosis/urgent',
        severity: 'critical',
        sinceUs: at(100),
        untilUs,
      });
    expect(told([errors(at(100) + 150_000)])[0]?.timeline).toHaveLength(1);
    expect(
      told([errors(at(130))])[0]
        ?.timeline.map(line)
        .at(-1),
    ).toBe('130 finding_ended: 10.0.0.1:5432: the last of these errors, after 30000000.');
  });

  it('of a database that hangs concern the applications that ask it, well as they may seem', () => {
    const second = (node: string, seconds: number, requests: number) => ({
      ...emptySecond(node, 'client', at(seconds)),
      requests,
    });
    const asking = [second(SHOP, 100, 1), second(BILLING, 99, 1), second('10.0.9.1', 110, 1)];
    expect(told([hang], { nodeSeconds: nodeSecondsOf(asking) })[0]?.nodes).toEqual([
      { node: DATABASE, role: 'server' },
      { node: SHOP, role: 'client' },
    ]);
    const mild = { ...hang, severity: 'warning' as const };
    expect(told([mild], { nodeSeconds: nodeSecondsOf(asking) })[0]?.nodes).toHaveLength(1);
  });

  it('join up to a gap of two minutes, and no longer one', () => {
    const first = findingOf({ untilUs: at(90.5) });
    const second = (since: number) => findingOf({ kind: 'x/y', sinceUs: at(since), untilUs: null });
    expect(told([first, second(210.5)])).toHaveLength(1);
    expect(told([first, second(210.500001)])).toHaveLength(2);
  });

  it('of databases that share nothing are incidents of their own', () => {
    const there = findingOf({ node: '10.0.9.9:5432' });
    expect(keysOf(told([findingOf(), there]))).toEqual([[findingOf().key], [there.key]]);
  });

  it('of two applications are one where the same befell both at once, or through the database between them', () => {
    expect(told([slow(SHOP, 130), slow(BILLING, 140)])).toHaveLength(1);
    expect(told([slow(SHOP, 130), slow(BILLING, 180)])).toHaveLength(2);
    expect(told([slow(SHOP, 130), slow(BILLING, 180), hang])).toHaveLength(1);
    const away = { ...slow(BILLING, 130), kind: 'state/down', key: `state/down client ${BILLING}` };
    expect(told([slow(SHOP, 130), away])).toHaveLength(2);
    expect(told([slow(SHOP, 130), slow('10.0.9.1', 130)])).toHaveLength(2);
  });

  it('that only deserve a notice join an incident, but neither make one nor join two', () => {
    const unrest = findingOf({
      kind: 'x/unrest',
      severity: 'notice',
      sinceUs: at(61.5),
      untilUs: at(900.5),
    });
    const later = findingOf({ kind: 'x/later', sinceUs: at(890.5), untilUs: at(905.5) });
    expect(told([unrest])).toEqual([]);
    const both = told([findingOf(), unrest, later]);
    expect(keysOf(both)).toEqual([[findingOf().key, unrest.key], [later.key]]);
  });

  it('about no node join what happened at the time, and stand alone where nothing did', () => {
    const code = findingOf({ kind: 'errors/new', node: null, sinceUs: at(70.5) });
    expect(keysOf(told([findingOf(), code]))).toEqual([[findingOf().key, code.key]]);
    expect(keysOf(told([code]))).toEqual([[code.key]]);
  });

  it('about a class on no node in particular gather what is noticed of the same class, and nothing else', () => {
    const sudden = findingOf({
      key: 'sudden',
      node: null,
      sinceUs: at(100.5),
      untilUs: null,
      fingerprints: ['ab'],
    });
    const notice = (key: string, fingerprints: string[]) =>
      findingOf({ key, severity: 'notice', sinceUs: at(101.5), untilUs: at(200), fingerprints });
    expect(keysOf(told([notice('same', ['cd', 'ab']), notice('other', ['cd']), sudden]))).toEqual([
      ['sudden', 'same'],
    ]);
    const again = findingOf({ ...sudden, key: 'again', fingerprints: ['ef'] });
    expect(keysOf(told([again, sudden]))).toEqual([['again', 'sudden']]);
  });

  it('that tell the future, or only inform, are no part of what happened', () => {
    const coming = findingOf({ kind: 'forecast/trend' });
    expect(told([coming, findingOf({ severity: 'info' })])).toEqual([]);
  });

  it('that were so all the window long are a condition of an incident, or an incident when nothing else is', () => {
    const always = findingOf({ kind: 'x/always', sinceUs: at(0), untilUs: null });
    const [incident, ...more] = told([always, findingOf({ sinceUs: at(300.5), untilUs: at(320) })]);
    expect(more).toEqual([]);
    expect(incident?.context.map(line)).toEqual([
      '0 condition: All the time: 10.0.0.1:5432 is not well.',
    ]);
    expect(keysOf(told([always]))).toEqual([[always.key]]);
    // What is critical is never a mere condition.
    const down = { ...always, severity: 'critical' as const };
    expect(keysOf(told([down, findingOf()]))).toEqual([[down.key, findingOf().key]]);
  });

  it('that do not touch the window are no part of it', () => {
    const before = findingOf({ sinceUs: at(-50), untilUs: at(-1) });
    const after = findingOf({ kind: 'x/after', sinceUs: at(1200), untilUs: null });
    expect(told([before, after])).toEqual([]);
  });

  it('give the same incidents in whatever order they come', () => {
    const findings = [
      slow(SHOP, 130),
      hang,
      slow(BILLING, 140),
      findingOf(),
      slow('10.0.9.1', 900),
    ];
    const expected = told(findings);
    fc.assert(
      fc.property(fc.shuffledSubarray(findings, { minLength: findings.length }), (shuffled) => {
        expect(told(shuffled)).toEqual(expected);
      }),
    );
  });

  it('make at most twenty incidents, and at most sixty lines of one', () => {
    const many = Array.from({ length: 200 }, (_, index) =>
      findingOf({ node: `10.1.${String(index)}.1`, key: String(index) }),
    );
    expect(told(many)).toHaveLength(20);
    const flapping = Array.from({ length: 100 }, (_, index) =>
      findingOf({ kind: `x/${String(index)}`, sinceUs: at(60.5 + index), untilUs: at(61 + index) }),
    );
    const [incident] = told(flapping);
    expect(incident?.timeline).toHaveLength(60);
    expect(incident?.timelineCount).toBe(200);
  });
});

describe('the timeline and the context', () => {
  const linesOf = (given: Partial<WindowFacts>, missed: readonly MissedPeriod[] = []) => {
    const [incident] = told([hang], given, missed);
    return {
      context: incident?.context.map(line),
      beside: incident?.timeline
        .filter(({ severity }) => severity === null)
        .map(line)
        .slice(0, -1),
    };
  };
  const ddl = (seconds: number, statement: string, user: string | null = 'dba') => ({
    tsUs: at(seconds),
    command: 'ALTER TABLE',
    statement,
    status: 'ok',
    durationUs: 5,
    user,
    database: 'shop',
    client: '10.0.7.7',
    server: DATABASE,
    application: null,
  });

  it('tell changes of structure of five minutes before, and of the time itself', () => {
    const { context, beside } = linesOf({
      window: { fromUs: at(-600), toUs: at(1200) },
      ddl: [
        ddl(-201, 'too early'),
        ddl(-200, 'DROP INDEX a'),
        ddl(120, 'CREATE INDEX a'),
        ddl(161, 'late'),
      ],
    });
    expect(context).toEqual(['-200 ddl: dba on 10.0.7.7 changed the structure: DROP INDEX a']);
    expect(beside).toEqual(['120 ddl: dba on 10.0.7.7 changed the structure: CREATE INDEX a']);
  });

  it('leave out what other databases do', () => {
    const elsewhere = { ...ddl(120, 'DROP TABLE a'), server: '10.0.9.9:5432' };
    expect(linesOf({ ddl: [elsewhere] }).beside).toEqual([]);
  });

  it('keep captured text to one line of bounded length', () => {
    const { beside } = linesOf({
      ddl: [ddl(120, `DROP TABLE\n"${'x'.repeat(10_000)}"`, 'eve\r\n02:00 all is well')],
    });
    expect(beside?.[0]).toMatch(
      /^120 ddl: eve 02:00 all is well on 10\.0\.7\.7 changed.*DROP TABLE "x+…$/,
    );
    expect(beside?.[0]?.length).toBeLessThan(300);
  });

  it('tell failed logins, shutdowns that a server announced, replication that broke, and losses', () => {
    const { context, beside } = linesOf(
      {
        sessionEvents: [
          { type: 'login_failed', count: 7, firstUs: at(40), lastUs: at(50), detail: 'no' },
        ],
        errors: [
          {
            sqlstate: '57P01',
            errorClass: 'admin_shutdown',
            count: 4,
            firstUs: at(130),
            lastUs: at(131),
            sampleMessage: 'terminating connection',
            classes: [],
            sessions: 4,
            clients: [],
          },
        ],
      },
      [
        {
          ...{ collector: '', kind: 'kernel_drops', count: 9, fromUs: at(150), toUs: at(152) },
          parts: [countPart(9), textPart(' packets dropped by the kernel')],
        },
      ],
    );
    expect(context).toEqual(['40 logins_failed: 7 logins failed within 10000000; the newest: no']);
    expect(beside).toEqual([
      '130 shutdown_said: A server said 57P01, 4 times: it ended the session, told to by an administrator or because its main process ended.',
      '150 capture_loss: The capture missed something for 2000000: 9 packets dropped by the kernel.',
    ]);
  });

  it('tell when a database lost all its connections at once, and when it took some again', () => {
    const second = (seconds: number, open: number, closed: number, opened: number) => ({
      ...emptySecond(DATABASE, 'server', at(seconds)),
      connectionsOpen: open,
      connectionsClosed: closed,
      connectionsOpened: opened,
      answers: opened,
    });
    const open = [
      second(110, 8, 0, 0),
      second(111, 8, 0, 0),
      // Over two seconds, as a crash does.
      second(112, 5, 3, 0),
      second(113, 0, 5, 0),
      second(114, 0, 0, 0),
      second(118, 4, 0, 4),
      // A pool that shrinks by half has lost nothing.
      second(119, 2, 2, 0),
      second(120, 1, 1, 0),
    ];
    expect(linesOf({ nodeSeconds: nodeSecondsOf(open) }).beside).toEqual([
      '113 connections_lost: 10.0.0.1:5432 lost 8 of 8 connections at once.',
      '118 connections_back: 10.0.0.1:5432 takes connections again, after 5000000.',
    ]);
  });

  it('name transactions that were open when it began, unless a finding tells of them', () => {
    const open = channelOf({
      client: SHOP,
      server: DATABASE,
      openTransactionSinceUs: at(80),
      lastSeenUs: at(140),
      lastCommand: 'UPDATE',
      transactionStatus: 'T',
    });
    expect(linesOf({ channels: [open] }).context).toEqual([
      '80 transaction_open: 10.0.1.1 began a transaction on 10.0.0.1:5432 that stayed open; its last statement was UPDATE.',
    ]);
    const ended = { ...open, lastSeenUs: at(99) };
    const young = { ...open, openTransactionSinceUs: at(136) };
    const waiting = { ...open, transactionStatus: 'I' };
    expect(linesOf({ channels: [ended, young, waiting] }).context).toEqual([]);
    const [incident] = told([{ ...hang, sessions: [open.sessionId] }], { channels: [open] });
    expect(incident?.context).toEqual([]);
  });

  it('hold at most twelve lines of context', () => {
    const channels = Array.from({ length: 30 }, (_, index) =>
      channelOf({
        sessionId: String(index),
        server: DATABASE,
        openTransactionSinceUs: at(80),
        lastSeenUs: at(140),
        transactionStatus: 'T',
      }),
    );
    expect(linesOf({ channels }).context).toHaveLength(defaultIncidentSettings.contextMax);
  });
});
