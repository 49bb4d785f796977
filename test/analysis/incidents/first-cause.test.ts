/** Which finding of an incident was first. */
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../src/events/finding.ts';
import { at, findingOf } from './findings-of.ts';
import { SHOP, BILLING, told, wordsOf, hang, slow } from './incidents-of.ts';

describe('the first cause', () => {
  const firstOf = (...findings: readonly Finding[]) => told(findings)[0]?.firstCause;

  it('is what surely began first, even if it is less severe and about an application', () => {
    const held = findingOf({
      kind: 'transactions/uncommitted',
      node: SHOP,
      severity: 'notice',
      sinceUs: at(96.25),
    });
    const first = firstOf(slow(SHOP, 150), hang, slow(BILLING, 150), held);
    expect(first?.finding.key).toBe(held.key);
    expect(wordsOf({ parts: first?.because ?? [] })).toBe('It began 3750000 before anything else.');
  });

  it('is not what can be told sooner: a slow application may have been slow before its database hung', () => {
    // Told 15 s after the hang began, but what is slow is told after thirty seconds.
    const before = firstOf(hang, { ...slow(SHOP, 115), severity: 'critical' });
    expect(before?.finding.kind).toBe('state/slow');
    expect(before?.onsetUs).toBe(at(85));
  });

  it('is the database where time cannot tell and two applications share it, else the most severe', () => {
    const refused = findingOf({ kind: 'state/down', severity: 'warning', sinceUs: at(104) });
    const two = [slow(SHOP, 134), slow(BILLING, 134)];
    const severe = two.map((one) => ({ ...one, severity: 'critical' as const }));
    expect(firstOf(refused, ...severe)?.finding.key).toBe(refused.key);
    expect(firstOf(refused, ...severe.slice(0, 1))?.finding.node).toBe(SHOP);
  });

  it('is not the database where low TPS is its applications’ doing, though two share it', () => {
    const less = (kind: string) =>
      findingOf({ kind, severity: 'notice', sinceUs: at(120), untilUs: at(400) });
    const gone = (node: string) =>
      findingOf({
        kind: 'state/down',
        node,
        severity: 'critical',
        sinceUs: at(150),
        untilUs: at(400),
      });
    const firstOf = (kind: string) =>
      told([less(kind), gone(SHOP), gone(BILLING)])[0]?.firstCause.finding.kind;
    expect(firstOf('low-tps/application')).toBe('state/down');
    expect(firstOf('low-tps/database')).toBe('low-tps/database');
  });

  it('is who keeps others waiting, not the low TPS that comes of it', () => {
    const low = (severity: Finding['severity']) =>
      findingOf({ kind: 'low-tps/database', severity, sinceUs: at(600), untilUs: null });
    const blocking = findingOf({
      kind: 'open-transactions/blocking',
      sinceUs: at(605.2),
      untilUs: null,
    });
    for (const severity of ['warning', 'critical'] as const) {
      const [incident] = told([low(severity), blocking]);
      expect(incident?.firstCause.finding.kind).toBe('open-transactions/blocking');
    }
    // Who began to hold anything only a minute later is not why.
    const late = { ...blocking, sinceUs: at(665.2) };
    expect(told([low('warning'), late])[0]?.firstCause.finding.kind).toBe('low-tps/database');
  });

  it('is who keeps others waiting, not the big transactions that began before and kept nobody', () => {
    const big = findingOf({ kind: 'big-transactions/type', sinceUs: at(590), untilUs: at(700) });
    const blocking = findingOf({
      kind: 'open-transactions/blocking',
      sinceUs: at(605),
      untilUs: null,
    });
    const [incident] = told([big, blocking]);
    expect(incident?.firstCause.finding.kind).toBe('open-transactions/blocking');
    expect(wordsOf({ parts: incident?.firstCause.because ?? [] })).toBe(
      'Others were seen to wait for it; what began before it is only big.',
    );
    expect(incident?.sinceUs).toBe(at(590));
    // Those of another database, and what else began before it, may be why.
    const kindOf = (first: Finding) => told([first, blocking])[0]?.firstCause.finding.kind;
    expect(kindOf({ ...big, node: SHOP, role: 'client' })).toBe('big-transactions/type');
    const slow = findingOf({ kind: 'state/slow', sinceUs: at(560), untilUs: at(700) });
    expect(kindOf(slow)).toBe('state/slow');
    // Where it does not explain what was first, all are in order of time.
    expect(kindOf({ ...slow, sinceUs: at(640) })).toBe('open-transactions/blocking');
    const [three] = told([{ ...big, sinceUs: at(500) }, slow, blocking]);
    expect(three?.firstCause.finding.kind).toBe('big-transactions/type');
  });

  it('counted by the minute may have begun anywhere in it', () => {
    const burst = findingOf({ kind: 'errors/burst', sinceUs: at(60), untilUs: at(180) });
    const first = firstOf(burst, hang);
    expect(first?.finding.kind).toBe('state/hang');
    expect(wordsOf({ parts: first?.because ?? [] })).toBe(
      'It began together with others, none of which is more severe.',
    );
  });
});
