import { describe, expect, it } from 'vitest';
import { buildReport } from '../../../analysis/report.ts';
import { incidents } from '../../../src/cli/text/incidents.ts';
import { pageOf } from '../../../src/cli/text/page.ts';
import { widthOf } from '../../../src/cli/text/cell.ts';
import type { DdlFacts } from '../../../src/events/facts.ts';
import { EXTENT } from '../../server/sample-hour.ts';
import { hangFacts } from './hang-facts.ts';

/** The sample's hour, in which the database hangs for a minute from its fiftieth on. */
function linesOf(ddl: readonly DdlFacts[] = [], columns = 100): string[] {
  return incidents(pageOf(buildReport(hangFacts(EXTENT, { ddl })), columns, false));
}

const HOSTILE: DdlFacts = {
  tsUs: EXTENT.fromUs + 3_010_000_000,
  command: 'DROP TABLE',
  statement: 'DROP TABLE "\u001b]0;owned\u0007\u202e\n  all is well"',
  status: 'ok',
  durationUs: 1,
  user: '\u001b[2J\r\nroot',
  database: 'bank',
  client: '10.20.4.11',
  server: '10.20.8.5:5432',
  application: null,
};

describe('incidents in the terminal', () => {
  it('say what was first, since when, what to do, and the timeline', () => {
    const lines = linesOf();
    expect(lines[1]).toBe('Incidents  1');
    expect(lines[2]).toMatch(/^ {2}▲ critical {2}09:50:00 {2}for 65 s {2}[0-9a-f]{16}$/);
    expect(lines[3]).toBe('    10.20.8.5:5432 hung.');
    // Nothing else was found, so nothing was first.
    expect(lines[4]).toMatch(/^ {4}to do: {2}Look at the oldest open transactions/);
    expect(lines.at(-1)).toMatch(/09:51:05 {2}10\.20\.8\.5:5432: hang over, after 65 s\.$/);
  });

  it('never let captured text drive the terminal, break a line or turn the direction', () => {
    const lines = linesOf([HOSTILE], 140);
    const told = lines.find((line) => line.includes('changed the structure'));
    expect(told).toContain(
      '·[2J root on 10.20.4.11 changed the structure: DROP TABLE "·]0;owned··',
    );
    expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u202e]/);
  });

  it('break a long line between words and cut nothing out of it', () => {
    const whole = linesOf([HOSTILE], 200).find((line) => line.includes('changed the structure'));
    const narrow = linesOf([HOSTILE], 60).map((line) => line.trim());
    expect(narrow.join(' ')).toContain(whole?.trim());
  });

  it.each([60, 80, 120])('fit a terminal of %i columns', (columns) => {
    const widths = linesOf([HOSTILE], columns).map(widthOf);
    expect(Math.max(...widths)).toBeLessThanOrEqual(columns);
  });
});
