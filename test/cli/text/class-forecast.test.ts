import { expect, it } from 'vitest';
import { buildReport } from '../../../analysis/report.ts';
import { classForecast } from '../../../src/cli/text/class-forecast.ts';
import { pageOf } from '../../../src/cli/text/page.ts';
import { sampleFacts } from '../../server/sample-facts.ts';

const report = buildReport(sampleFacts());

it('tells where a class goes, what it must not reach, and when it does', () => {
  const text = classForecast(pageOf(report, 160, false)).join('\n');
  // 20 ms, times 2.1 in an hour, and ten minutes more of it.
  expect(text).toContain('42.0 ms');
  expect(text).toContain('+110 %');
  expect(text).toContain('46.9 ms in 10 min');
  expect(text).toContain('45.3 ms in 6 min  6 min to 7 min');
  expect(text).toContain('from 10:00:00 on');
});

it('says what a threshold is to a class: passed, not within what was tried, or nothing that is known', () => {
  const [row] = report.classForecast;
  if (row === undefined) throw new Error('the sample has a forecast');
  const told = (given: Partial<typeof row>) =>
    classForecast(pageOf({ ...report, classForecast: [{ ...row, ...given }] }, 100, false)).join(
      '\n',
    );
  const never = { timeToThresholdUs: null, thresholdBand: null };
  expect(told({ ...never, timeToThresholdUs: 0 })).toContain('45.3 ms passed');
  expect(told(never)).toContain('45.3 ms not in 10 min');
  expect(told({ ...never, points: [] })).toMatch(/no skill +45\.3 ms +SELECT/);
  // Without a trend that a test finds, nothing says that it is steady.
  expect(told({ ...never, trend: null })).toMatch(
    /none found +46\.9 ms in 10 min +45\.3 ms +SELECT/,
  );
});

it('says that a forecast has no skill, and nothing of what neither moves nor can be forecast', () => {
  const [row] = report.classForecast;
  if (row === undefined) throw new Error('the sample has a forecast');
  const blind = { ...row, points: [], timeToThresholdUs: null };
  const lines = (classForecasts: typeof report.classForecast) =>
    classForecast(pageOf({ ...report, classForecast: classForecasts }, 120, false));
  expect(lines([blind]).join('\n')).toContain('no skill');
  expect(lines([{ ...blind, trend: null }])).toEqual([]);
});
