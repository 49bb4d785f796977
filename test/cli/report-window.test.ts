import { describe, expect, it } from 'vitest';
import { reportWindow } from '../../src/cli/report-window.ts';
import { START_US } from '../analysis/fixtures.ts';
import { SECOND_US, MINUTE_US, HOUR_US } from '../../src/core/time.ts';

const extent = { fromUs: START_US, toUs: START_US + 5 * HOUR_US };

describe('reportWindow', () => {
  it('takes all of a short store and the last hour of a long one', () => {
    const short = { fromUs: START_US, toUs: START_US + HOUR_US };
    expect(reportWindow({}, short)).toEqual(short);
    expect(reportWindow({}, extent)).toEqual({ fromUs: extent.toUs - HOUR_US, toUs: extent.toUs });
  });

  it('reads ISO times, without a zone as UTC', () => {
    const times = { from: '2026-11-21T02:31:00Z', to: '2026-11-21 02:32:00.5' };
    expect(reportWindow(times, extent)).toEqual({
      fromUs: START_US + MINUTE_US,
      toUs: START_US + 2 * MINUTE_US + SECOND_US / 2,
    });
  });

  it('counts lengths back from the end of the data', () => {
    expect(reportWindow({ from: '-90m', to: '-30s' }, extent)).toEqual({
      fromUs: extent.toUs - 90 * MINUTE_US,
      toUs: extent.toUs - 30 * SECOND_US,
    });
    expect(reportWindow({ from: '-2h' }, extent).fromUs).toBe(extent.toUs - 2 * HOUR_US);
  });

  it('looks an hour back from a given end', () => {
    expect(reportWindow({ to: '-2h' }, extent)).toEqual({
      fromUs: extent.toUs - 3 * HOUR_US,
      toUs: extent.toUs - 2 * HOUR_US,
    });
  });

  it.each(['yesterday', '-15', '15m', '-1w', '2026-13-01', ''])('refuses %j as a time', (from) => {
    expect(() => reportWindow({ from }, extent)).toThrow(
      expect.objectContaining({ code: 'MSQL_CLI_USAGE' }),
    );
  });

  it('refuses an empty window', () => {
    expect(() => reportWindow({ from: '-1m', to: '-2m' }, extent)).toThrow(/window is empty/);
    expect(() => reportWindow({ from: '2030-01-01' }, extent)).toThrow(
      /the end of the data, 2026-/,
    );
  });
});
