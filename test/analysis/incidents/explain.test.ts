import { describe, expect, it } from 'vitest';
import { chosenFor, explanationOf } from '../../../analysis/incidents/explain.ts';
import { incidentsOf } from '../../../analysis/incidents/incidents.ts';
import { buildReport } from '../../../analysis/report.ts';
import type { ErrorCauseRow } from '../../../src/events/error-diagnosis.ts';
import type { LowTpsEpisode } from '../../../src/events/low-tps.ts';
import type { Explanation, Figures } from '../../../src/events/explanation.ts';
import type { DdlFacts, WindowFacts } from '../../../src/events/facts.ts';
import type { Finding } from '../../../src/events/finding.ts';
import type { HighlightPart, MissedPeriod, Report } from '../../../src/events/report.ts';
import { bytesPart, textPart } from '../../../src/events/sentence.ts';
import { causeOf } from '../diagnosis/error-facts.ts';
import { channelOf, classOf, EMPTY_FACTS, EMPTY_TOTALS } from '../fixtures.ts';
import { at, findingOf } from './findings-of.ts';

const DATABASE = '10.0.0.1:5432';
const FIGURES: Figures = {
  transactionsPerSecond: 1,
  requestsPerSecond: 1,
  answersPerSecond: 1,
  responseMeanUs: 1,
  responseMaxUs: 1,
  errorShare: 0,
  unanswered: 0,
  waitMaxUs: 1,
  connectionsMax: 1,
  connectionsRefused: 0,
};

/** Twenty minutes of an hour that is stored, with these findings. */
function reportOf(
  findings: readonly Finding[],
  given: Partial<WindowFacts> = {},
  missed: readonly MissedPeriod[] = [],
): Report {
  const facts: WindowFacts = {
    ...EMPTY_FACTS,
    window: { fromUs: at(0), toUs: at(1200) },
    extent: { fromUs: at(-1200), toUs: at(2400) },
    edges: [
      { client: '10.0.1.1', server: DATABASE, totals: EMPTY_TOTALS },
      { client: '10.0.1.2', server: DATABASE, totals: EMPTY_TOTALS },
    ],
    ...given,
  };
  const incidents = incidentsOf(findings, { facts, missed });
  return { ...buildReport(facts), findings, incidents, missed, missedCount: missed.length };
}

function told(report: Report, atUs: number): Explanation {
  const chosen = chosenFor(report, atUs);
  const of = (window: Explanation['window']) => ({ window, figures: FIGURES, sql: 'SELECT 1' });
  return explanationOf(report, atUs, chosen, {
    before: chosen.before === null ? null : of(chosen.before),
    during: of(chosen.during),
    sqlOf: ({ kind }) => `SELECT '${kind}'`,
  });
}

const words = (parts: readonly HighlightPart[]) =>
  parts.map((part) => ('text' in part ? part.text : String(part.value))).join('');

const dropped = (seconds: number): DdlFacts => ({
  tsUs: at(seconds),
  command: 'DROP INDEX',
  statement: 'DROP INDEX a',
  status: 'ok',
  durationUs: 5,
  user: 'dba',
  database: 'shop',
  client: '10.0.7.7',
  server: DATABASE,
  application: null,
});

const hang = findingOf({
  kind: 'state/hang',
  severity: 'critical',
  sinceUs: at(605),
  untilUs: at(660),
  advice: 'Look at locks.',
  evidence: [{ name: 'oldest request', value: 5e6, unit: 'us', threshold: 5e6 }],
});

describe('an explanation', () => {
  it('of quiet minutes says so, and blames nobody', () => {
    const { headline, incident, fault, before, during, evidence } = told(reportOf([]), at(600));
    expect(incident).toBeNull();
    expect(words(headline)).toMatch(/^Nothing was found between \d+ and \d+: no node was unwell/);
    expect(fault.who).toBe('nobody');
    expect(during.window).toEqual({ fromUs: at(0), toUs: at(1200) });
    expect(before?.window).toEqual({ fromUs: at(-1200), toUs: at(0) });
    expect(evidence).toEqual([]);
  });

  it('of minutes in which nobody would be woken tells what was noticed, and its figures', () => {
    const noticed = findingOf({
      kind: 'low-tps/application',
      severity: 'notice',
      sinceUs: at(300),
      untilUs: at(540),
      advice: 'Look at the applications.',
    });
    const every = findingOf({ kind: 'x/every-day', severity: 'info', sinceUs: at(0) });
    const { incident, headline, fault, actions, before, during, server, evidence } = told(
      reportOf([every, noticed]),
      at(545),
    );
    expect(incident).toBeNull();
    expect(words(headline)).toMatch(
      /^Nothing that would wake somebody was found between .* But this was noticed: /,
    );
    expect(fault.who).toBe('application');
    expect(actions).toEqual(['Look at the applications.']);
    expect(during.window).toEqual({ fromUs: at(300), toUs: at(540) });
    expect(before?.window).toEqual({ fromUs: at(-1200), toUs: at(300) });
    expect(server).toBe(DATABASE);
    expect(evidence.map(({ finding }) => finding.key)).toEqual([noticed.key]);
    expect(told(reportOf([every]), at(545)).fault.who).toBe('nobody');
    const notice = (given: Partial<Finding>) =>
      told(reportOf([findingOf({ severity: 'notice', sinceUs: at(300), ...given })]), at(545));
    expect(notice({ kind: 'x/y' }).fault.who).toBe('unknown');
    expect(notice({ kind: 'state/sub_healthy', node: '10.0.1.1' }).fault.who).toBe('application');
    expect(notice({ kind: 'state/jitter' }).fault.who).toBe('database');
    expect(notice({ kind: 'open-transactions/idle' }).fault.who).toBe('application');
    const uneven = (node: string) =>
      findingOf({ kind: 'state/jitter', severity: 'notice', node, sinceUs: at(300) });
    const both = told(reportOf([uneven('10.0.1.1'), uneven('10.0.1.2')]), at(545));
    expect(both.fault.who).toBe('between');
    expect(words(both.fault.parts)).toMatch(/^2 nodes were not well at the same time/);
  });

  it('does not call a node well of which nothing is known', () => {
    const unknown = { role: 'server' as const, state: 'unknown' as const, evidence: [] };
    const report = (findings: readonly Finding[]): Report => ({
      ...reportOf(findings),
      health: [
        { ...unknown, node: DATABASE, sinceUs: at(500), untilUs: at(560), learning: false },
        { ...unknown, node: '10.0.0.2:5432', sinceUs: at(510), untilUs: at(570), learning: false },
      ],
    });
    const said = `the state of 2 nodes is not known, as the capture lost too much between ${at(500)} and ${at(570)}.`;
    expect(words(told(report([]), at(600)).headline)).toContain(said);
    const { headline, notKnown } = told(report([hang]), at(600));
    expect(words(headline)).not.toContain(said);
    expect(notKnown.map(words)).toContain(`Of this time ${said}`);
  });

  it('tells beside an incident what was noticed then, and what is said of its classes', () => {
    const sudden = findingOf({
      kind: 'slow-classes/sudden-change',
      node: null,
      sinceUs: at(600),
      untilUs: at(700),
      fingerprints: ['ab'],
    });
    const hot = { kind: 'hot/hot', severity: 'info' as const, node: null, sinceUs: at(0) };
    const same = findingOf({ ...hot, key: 'same', untilUs: at(1200), fingerprints: ['ab'] });
    const other = findingOf({ ...hot, key: 'other', untilUs: at(1200), fingerprints: ['cd'] });
    const elsewhere = findingOf({
      kind: 'x/notice',
      severity: 'notice',
      node: '10.0.9.9:5432',
      sinceUs: at(650),
      untilUs: at(680),
    });
    const { incident, evidence } = told(reportOf([sudden, same, other, elsewhere]), at(630));
    expect(incident?.findings.map(({ key }) => key)).toEqual([sudden.key]);
    expect(evidence.map(({ finding }) => finding.key)).toEqual([sudden.key, 'same', elsewhere.key]);
  });

  it('takes the incident that was on, else the nearest, and names the others', () => {
    const early = findingOf({ sinceUs: at(100.5), untilUs: at(130) });
    const report = reportOf([early, hang]);
    expect(told(report, at(630)).incident?.firstCause.finding.key).toBe(hang.key);
    expect(words(told(report, at(630)).headline)).toMatch(/^It was on at this moment: from/);
    expect(told(report, at(200)).incident?.firstCause.finding.key).toBe(early.key);
    expect(words(told(report, at(200)).headline)).toMatch(/^It was over, having begun at/);
    expect(words(told(report, at(10)).headline)).toMatch(/^It began after this moment/);
    expect(told(report, at(630)).others).toMatchObject([{ sinceUs: at(100.5) }]);
  });

  it('reads what was usual from before, but not from an earlier incident', () => {
    const early = findingOf({ sinceUs: at(100.5), untilUs: at(130) });
    const { before, during, server } = told(reportOf([early, hang]), at(630));
    expect(before?.window).toEqual({ fromUs: at(130), toUs: at(600) });
    expect(during.window).toEqual({ fromUs: at(600), toUs: at(660) });
    expect(server).toBe(DATABASE);
    const first = reportOf([hang], { extent: { fromUs: at(595), toUs: at(2400) } });
    const unknown = told(first, at(630));
    expect(unknown.before).toBeNull();
    expect(unknown.notKnown.map(words)).toContain(
      'What was usual: too little is stored from before.',
    );
  });

  it('reads what was usual from before the refusals that were counted until it was down', () => {
    const down = findingOf({ kind: 'state/down', severity: 'critical', sinceUs: at(609) });
    const { before, during } = told(reportOf([down]), at(630));
    expect(before?.window.toUs).toBe(at(599));
    expect(during.window.fromUs).toBe(at(609));
  });

  it('finds the fault with the application that kept a transaction open', () => {
    const blocking = findingOf({
      kind: 'open-transactions/blocking',
      sinceUs: at(597.25),
      untilUs: at(660),
      sessions: ['00000000000000aa'],
    });
    const channels = [channelOf({ sessionId: '00000000000000aa', client: '10.0.1.2' })];
    const said = (kind: string) => {
      const { fault } = told(reportOf([hang, { ...blocking, kind }], { channels }), at(630));
      expect(fault.who).toBe('application');
      return words(fault.parts);
    };
    const likely =
      'Locks do not show on the wire: that others waited for them is likely, not seen.';
    expect(said(blocking.kind)).toBe(
      `The application 10.0.1.2: it kept a transaction open, and others waited on the tables of it. ${likely}`,
    );
    expect(said('open-transactions/held')).toBe(
      `The application 10.0.1.2: it kept a transaction open, and all else began after that. ${likely}`,
    );
  });

  it('finds it with the database that was first, with one application alone, or between', () => {
    const slow = (node: string, since: number, kind = 'state/slow') =>
      findingOf({ kind, node, sinceUs: at(since), untilUs: at(700) });
    expect(told(reportOf([hang, slow('10.0.1.1', 640)]), at(630)).fault.who).toBe('database');
    expect(told(reportOf([slow('10.0.1.1', 640)]), at(630)).fault.who).toBe('application');
    const between = reportOf([
      slow('10.0.1.1', 610, 'x/a'),
      slow('10.0.1.2', 612, 'x/b'),
      slow(DATABASE, 660, 'x/c'),
    ]);
    expect(told(between, at(630)).fault.who).toBe('between');
    const nobody = findingOf({ kind: 'x/y', node: null, sinceUs: at(600.5) });
    expect(told(reportOf([nobody]), at(630)).fault.who).toBe('unknown');
  });

  it('finds it with applications where low TPS is their doing, and says what it may be where both lost all connections', () => {
    const low = (kind: string) => findingOf({ kind, sinceUs: at(600.5), untilUs: null });
    expect(told(reportOf([low('low-tps/application')]), at(630)).fault.who).toBe('application');
    expect(told(reportOf([low('low-tps/capture')]), at(630)).fault.who).toBe('unknown');
    const gone = (node: string) =>
      findingOf({ kind: 'state/down', node, sinceUs: at(630), untilUs: at(700) });
    const { fault } = told(reportOf([gone('10.0.1.1'), gone('10.0.1.2')]), at(630));
    expect(fault.who).toBe('between');
    expect(words(fault.parts)).toBe(
      '2 applications lost all connections, and no database was found unwell before: somebody stopped them all, or look at what they share, the network or a pooler.',
    );
  });

  it('tells of a database what waited longest there, where one class stands out', () => {
    const waits = (text: string, seconds: number) => ({
      tsUs: at(603),
      fingerprint: text,
      statement: text,
      status: 'ok',
      sqlstate: null,
      durationUs: seconds * 1e6,
      rowsReturned: null,
      rowsAffected: null,
      sessionId: '00000000000000aa',
      client: '10.0.1.1',
      server: DATABASE,
      user: null,
      database: null,
      batchCount: null,
      source: null,
    });
    const texts = ['COMMIT', 'LOCK TABLE a'];
    const classes = texts.map((text) => classOf(text, text, 10, 1_000));
    const said = (...slowest: WindowFacts['slowest']) =>
      words(told(reportOf([hang], { slowest, classes }), at(630)).fault.parts).replace(
        /^.*is in its own log\./,
        '',
      );
    expect(said(waits('COMMIT', 40), waits('COMMIT', 50), waits('LOCK TABLE a', 9))).toBe(
      ' What waited longest there was COMMIT (2 of 3 slow answers, up to 50000000): a commit waits for the log on the disk, or for a synchronous standby.',
    );
    expect(said(waits('LOCK TABLE a', 9))).toBe(
      ' What waited longest there was LOCK TABLE a (1 of 1 slow answer, 9000000).',
    );
    expect(said(waits('COMMIT', 0.5))).toBe('');
    expect(said({ ...waits('COMMIT', 40), server: '10.0.9.9:5432' })).toBe('');
    expect(said({ ...waits('COMMIT', 40), tsUs: at(700) })).toBe('');
  });

  it('of a COMMIT that alone takes longer says what commits wait for, in a sentence that ends', () => {
    const commit = findingOf({
      kind: 'slow-classes/sudden-change',
      node: null,
      sinceUs: at(600),
      untilUs: null,
      summary: [
        { kind: 'text', text: 'One class alone takes longer: ' },
        { kind: 'statement', text: 'COMMIT', fingerprint: 'c' },
      ],
    });
    const slow = (node: string) =>
      findingOf({ kind: 'state/slow', node, sinceUs: at(640), untilUs: null });
    const { fault, headline } = told(reportOf([commit, slow(DATABASE), slow('10.0.1.1')]), at(650));
    expect(fault.who).toBe('database');
    expect(words(fault.parts)).toContain('a synchronous standby');
    expect(words(headline)).toContain('COMMIT. 1 database and 1 application concerned.');
  });

  it('finds it on the way where low TPS says so of a database that is slow, and at the database where it does not', () => {
    const slow = findingOf({ kind: 'state/slow', sinceUs: at(640), untilUs: null });
    const low = (kind: string, sinceUs = at(660)) => findingOf({ kind, sinceUs, untilUs: null });
    const fault = (...findings: Finding[]) => told(reportOf(findings), at(650)).fault;
    expect(fault(slow, low('low-tps/network')).who).toBe('between');
    expect(words(fault(slow, low('low-tps/network')).parts)).toContain(
      `The way to the database ${DATABASE}, or its whole machine`,
    );
    expect(fault(slow, low('low-tps/database')).who).toBe('database');
    expect(fault(slow).who).toBe('database');
    // Minutes later it is something else.
    expect(fault(slow, low('low-tps/network', at(900))).who).toBe('database');
  });

  it('tells a change shortly before as what it is, and a transaction that was open', () => {
    const report = reportOf([hang], {
      ddl: [dropped(500)],
      channels: [
        channelOf({
          client: '10.0.1.2',
          server: DATABASE,
          transactionStatus: 'T',
          openTransactionSinceUs: at(580),
          lastSeenUs: at(640),
          lastCommand: null,
        }),
      ],
    });
    const said = words(told(report, at(630)).fault.parts);
    expect(said).toContain(`It may have waited for this: ${at(580)} 10.0.1.2 began a transaction`);
    expect(said).toContain(
      `Shortly before, which proves nothing: ${at(500)} dba on 10.0.7.7 changed`,
    );
  });

  it('tells a change of the same moment beside a class that suddenly takes longer on no node in particular', () => {
    const sudden = findingOf({
      kind: 'slow-classes/sudden-change',
      node: null,
      sinceUs: at(600),
      untilUs: null,
    });
    const { fault } = told(reportOf([sudden], { ddl: [dropped(600.5)] }), at(630));
    expect(fault.who).toBe('unknown');
    expect(words(fault.parts)).toContain('One class alone takes longer: hardly the network');
    expect(words(fault.parts)).toContain(
      `At the same time, which proves nothing: ${at(600.5)} dba on 10.0.7.7 changed`,
    );
    const late = told(reportOf([sudden], { ddl: [dropped(690)] }), at(630));
    expect(words(late.fault.parts)).not.toContain('changed');
  });

  it('says what it does not know: losses, a short past, an end that is not stored', () => {
    const open = { ...hang, untilUs: null };
    const lost: MissedPeriod = {
      collector: '',
      kind: 'lost_bytes',
      count: 7,
      fromUs: at(610),
      toUs: at(612),
      parts: [bytesPart(7), textPart(' missing')],
    };
    const extent = { fromUs: at(-1200), toUs: at(1200) };
    const { notKnown } = told(reportOf([open], { extent }, [lost]), at(1200));
    expect(notKnown.map(words)).toEqual([
      `What the capture missed at ${at(610)} for 2000000: 7 missing.`,
      'What the capture missed is not known, because nothing is stored about it.',
      `How it ended: it was on when the stored data ended, at ${at(1200)}.`,
      'The moment itself: the stored data ended before it.',
    ]);
  });

  it('says of several classes that change together, and of one whose way may be slow, that it need not be a plan', () => {
    const sudden = (key: string) =>
      findingOf({
        kind: 'slow-classes/sudden-change',
        key,
        node: null,
        sinceUs: at(600),
        untilUs: null,
      });
    const both = told(reportOf([sudden('a'), sudden('b')]), at(630));
    expect(both.others).toEqual([]);
    expect(words(both.fault.parts)).toContain('what they share');
    const report = reportOf([sudden('a')]);
    const low: LowTpsEpisode = {
      server: DATABASE,
      fromUs: at(600),
      toUs: null,
      tps: 1,
      usualTps: 10,
      thresholdTps: 5,
      verdict: 'DATABASE',
      confidence: 1,
      because: '',
      orElse: [],
      plainRule: { yield: 1, databaseIsToBlame: false },
      evidence: [],
      sqlstates: [],
      clients: [],
    };
    const one = (orElse: LowTpsEpisode['orElse']) =>
      words(
        told({ ...report, lowTps: { learning: false, episodes: [{ ...low, orElse }] } }, at(630))
          .fault.parts,
      );
    expect(one(['NETWORK'])).toContain('or the way of this application alone');
    expect(one([])).toContain('hardly the network');
  });

  it('says of an error what it is, and to whom it was said', () => {
    const full = findingOf({ kind: 'error-diagnosis/urgent', sqlstates: ['53300'] });
    const report = reportOf([full]);
    const { minutes: _minutes, ...facts } = causeOf({
      server: DATABASE,
      sqlstate: '53300',
      logins: 5,
      firstUs: at(60),
      lastUs: at(90),
    });
    const cause: ErrorCauseRow = {
      ...facts,
      clients: ['10.0.1.1', '10.0.1.2', '10.0.1.3', '10.0.1.4'],
      applications: ['leaky'],
      concern: 'database',
      meaning: 'no more connections are allowed',
      advice: 'Look for the client.',
      shareOfFailures: 1,
      shareOfAnswers: null,
      tables: [],
      isNew: true,
      bursts: [],
      holders: [],
    };
    const { fault } = told(
      { ...report, errorDiagnosis: { ...report.errorDiagnosis, causes: [cause] } },
      at(70),
    );
    expect(fault.who).toBe('database');
    expect(words(fault.parts)).toBe(
      `${DATABASE} says itself what it is: no more connections are allowed. It says so to 10.0.1.1, 10.0.1.2, 10.0.1.3 and 1 more (leaky).`,
    );
    // An application without connections has not gone when it is turned away.
    const without = (node: string) => {
      const down = findingOf({ kind: 'state/down', severity: 'critical', node });
      const own = reportOf([down]);
      return told({ ...own, errorDiagnosis: { ...own.errorDiagnosis, causes: [cause] } }, at(70))
        .fault;
    };
    expect(without('10.0.1.2').who).toBe('unknown');
    expect(words(without('10.0.1.2').parts)).toContain(
      `10.0.1.2 tries to log in, and ${DATABASE} refuses it (53300): no more connections are allowed.`,
    );
    expect(without('10.0.1.9').who).toBe('application');
  });

  it('gives each advice once, the first cause first, and the question behind each finding', () => {
    const down = findingOf({
      kind: 'state/down',
      severity: 'critical',
      sinceUs: at(670),
      untilUs: at(690),
      advice: 'See its log.',
    });
    const again = { ...hang, sinceUs: at(705), untilUs: at(720) };
    const { actions, evidence } = told(reportOf([down, again, hang]), at(630));
    expect(actions).toEqual(['Look at locks.', 'See its log.']);
    expect(evidence.map(({ sql }) => sql)).toEqual([
      "SELECT 'state/hang'",
      "SELECT 'state/down'",
      "SELECT 'state/hang'",
    ]);
  });
});
