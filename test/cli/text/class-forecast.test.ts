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
  expect(text).toContain('45.3 ms');
  expect(text).toContain('6 min 3 s');
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
