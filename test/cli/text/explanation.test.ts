import { describe, expect, it } from 'vitest';
import { chosenFor, explanationOf } from '../../../analysis/incidents/explain.ts';
import { buildReport } from '../../../analysis/report.ts';
import { widthOf } from '../../../src/cli/text/cell.ts';
import { renderExplanation } from '../../../src/cli/text/explanation.ts';
import type { Figures } from '../../../src/events/explanation.ts';
import type { WindowFacts } from '../../../src/events/facts.ts';
import { EXTENT } from '../../server/sample-hour.ts';
import { sampleFacts } from '../../server/sample-facts.ts';
import { hangFacts } from './hang-facts.ts';

const USUAL: Figures = {
  transactionsPerSecond: 120,
  requestsPerSecond: 400,
  answersPerSecond: 400,
  responseMeanUs: 2_000,
  responseMaxUs: 90_000,
  errorShare: 0.001,
  unanswered: 0,
  waitMaxUs: 90_000,
  connectionsMax: 64,
  connectionsRefused: 0,
};
const HUNG: Figures = { ...USUAL, transactionsPerSecond: 0, responseMeanUs: null, unanswered: 480 };

/** Of the sample's hour, in which the database hangs for a minute from its fiftieth on. */
function linesOf(minute: number, columns = 100, given: Partial<WindowFacts> = {}): string[] {
  const atUs = EXTENT.fromUs + minute * 60e6;
  const window = { fromUs: atUs - 300e6, toUs: Math.min(atUs + 300e6, EXTENT.toUs) };
  const report = buildReport(hangFacts(window, given));
  const chosen = chosenFor(report, atUs);
  const explanation = explanationOf(report, atUs, chosen, {
    before: chosen.before && { window: chosen.before, figures: USUAL, sql: 'SELECT 1' },
    during: { window: chosen.during, figures: HUNG, sql: 'SELECT 2' },
    sqlOf: () => 'SELECT 3',
  });
  return renderExplanation(explanation, report, { columns, color: false }).trimEnd().split('\n');
}

describe('an explanation in the terminal', () => {
  it('tells first what happened, then whose fault, what to do, the figures, and the commands last', () => {
    const lines = linesOf(50.5);
    expect(lines[0]).toMatch(/^What happened at 2026-11-20T09:50:30Z {2}09:45:30 – 09:55:30 UTC$/);
    expect(lines[2]).toMatch(/^▲ It was on at this moment: from 09:50:00 for 65 s\. 10\.20\.8\.5/);
    const titles = lines.filter((line) => /^[A-Z]/.test(line)).slice(1);
    expect(titles.map((line) => line.split(/ {2}/)[0])).toEqual([
      'What was first',
      'Whose fault, as far as the evidence goes',
      'What to do',
      'Before and during',
      'Timeline',
      'What is not known',
      'Evidence',
    ]);
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}transactions +120\/s +0\/s$/));
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}response time, mean +2\.00 ms +–$/));
    expect(lines).toContain('    mirrorsql query "SELECT 1"');
  });

  it('says of quiet minutes that nothing was found', () => {
    const lines = linesOf(20, 100, { nodeSeconds: [] });
    expect(lines.slice(2, 4).join(' ')).toMatch(
      /^● Nothing was found between 09:15:00 and 09:25:00/,
    );
    expect(lines.join('\n')).not.toMatch(/What was first|Timeline/);
  });

  it.each([60, 80, 140])(
    'fits %i columns, but for the commands, which must be whole',
    (columns) => {
      const lines = linesOf(50.5, columns).filter((line) => !line.includes('mirrorsql query'));
      expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(columns);
    },
  );

  it('lets no captured text drive the terminal', () => {
    const [given] = sampleFacts().ddl;
    if (given === undefined) throw new Error('the sample has DDL');
    const ddl = [
      {
        ...given,
        tsUs: EXTENT.fromUs + 2_990e6,
        user: '\u001b[2J',
        statement: 'DROP\u202e\n\u0007',
      },
    ];
    const text = linesOf(50.5, 100, { ddl }).join('');
    expect(text).toContain('·[2J on 10.20.4.40 changed the structure: DROP·');
    expect(text).not.toMatch(/[\u0000-\u001f\u202e]/);
  });
});
