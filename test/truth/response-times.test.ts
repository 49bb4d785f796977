/**
 * A response time is what the packets say, and nothing else: tshark's timestamps, subtracted by a script of a few lines,
 * give the same to the microsecond, and each lies between what the server says it worked and what the client waited.
 * Needs a PostgreSQL server, tshark, and tcpdump with the right to capture; fails without them.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { type TimedStatement, timeStatements } from './response-times.ts';

let timed: readonly TimedStatement[] = [];

beforeAll(async () => {
  timed = await timeStatements();
}, 120_000);

/** The server rounds to a microsecond, and we cut two timestamps off to one. */
const ROUNDING_US = 1;

describe('the response time of a statement', () => {
  it('is told of each', () => {
    expect(timed.length).toBeGreaterThan(400);
    expect(timed.map(({ event }) => event?.statement)).toEqual(timed.map(({ text }) => text));
    const failed = timed.filter(({ event }) => event?.status === 'error');
    expect(failed.map(({ event }) => event?.sqlstate)).toEqual(['22012', '42P01', '22012']);
  });

  it('agrees with tshark to one microsecond, at its first answer and at its last', () => {
    const apart = timed.filter(
      ({ event, tshark }) =>
        !(Math.abs((event?.duration_us ?? Number.NaN) - (tshark?.lastUs ?? 0)) <= ROUNDING_US) ||
        !(Math.abs((event?.first_row_us ?? Number.NaN) - (tshark?.firstUs ?? 0)) <= ROUNDING_US),
    );
    expect(apart.map(described)).toEqual([]);
  });

  it("lies between the server's own and the client's", () => {
    const outside = timed.filter(({ event, serverUs, clientUs }) => {
      const durationUs = event?.duration_us ?? Number.NaN;
      return !(serverUs <= durationUs + ROUNDING_US && durationUs <= clientUs + ROUNDING_US);
    });
    expect(outside.map(described)).toEqual([]);
    const silent = timed.filter(({ serverUs }) => serverUs === 0);
    expect(silent.map(({ event }) => event?.status)).toEqual(['error', 'error']);
  });
});

function described({ text, event, tshark, serverUs, clientUs }: TimedStatement): string {
  const ours = `${String(event?.first_row_us)} ${String(event?.duration_us)}`;
  const theirs = `tshark ${String(tshark?.firstUs)} ${String(tshark?.lastUs)}`;
  return `${text.slice(0, 60)}: ${ours}; ${theirs}; server ${String(serverUs)}; client ${String(clientUs)}`;
}
