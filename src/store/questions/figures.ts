/**
 * The figures of a stretch of time, for "before and during". The SELECT is made with its values in it, because it is also
 * printed: what a person pastes behind `mirrorsql query` is what was asked here, so the numbers are the same.
 */
import type { Window } from '../../events/facts.ts';
import type { Figures } from '../../events/explanation.ts';
import type { Finding } from '../../events/finding.ts';
import type { Store } from '../store.ts';
import { ask } from './ask.ts';
import { SECOND_US } from '../../core/time.ts';

const ANSWER_WITHIN_SECONDS = 10;
/** Context of a finding's rows, before and after it. */
const AROUND_US = 30 * SECOND_US;
const ROWS_MAX = 200;

/** An address as this program writes it; whatever else there may be stays out of a command that people paste. */
const ADDRESS = /^[0-9a-fA-F.:]{2,45}$/;
const HEX = /^[0-9a-f]{16}$/;
const SQLSTATE = /^[0-9A-Za-z]{5}$/;

/** `server` as `address:port`, null for all. */
export interface FiguresScope {
  readonly server: string | null;
  readonly collector?: string;
}

/** @param knownToUs the end of the stored data: younger requests cannot be judged */
export function figuresSql(
  window: Window,
  { server, collector }: FiguresScope,
  knownToUs: number,
): string {
  const [from, to] = secondsOf(window);
  const judged = Math.floor(knownToUs / SECOND_US) - ANSWER_WITHIN_SECONDS;
  const length = to - from;
  return [
    `SELECT sum(tx) / ${length} AS transactionsPerSecond, sum(asked) / ${length} AS requestsPerSecond,`,
    `sum(answered) / ${length} AS answersPerSecond, sum(took) / nullIf(sum(timed), 0) AS responseMeanUs,`,
    'if(sum(timed) = 0, NULL, max(longest)) AS responseMaxUs, sum(failed) / nullIf(sum(answered), 0) AS errorShare,',
    `sumIf(asked - least(asked, in_time), toUnixTimestamp(t) < ${judged}) AS unanswered, max(waits) AS waitMaxUs,`,
    'max(open) AS connectionsMax, sum(refused) AS connectionsRefused',
    'FROM (SELECT t, sum(commits) + sum(rollbacks) AS tx, sum(requests) AS asked, sum(requests_answered) AS in_time,',
    'sum(answers) AS answered, sum(errors) AS failed, sum(duration_sum_us) AS took,',
    'sum(arraySum(mapValues(durations))) AS timed, max(duration_max_us) AS longest,',
    'max(outstanding_age_max_us) AS waits, sum(connections_open) AS open, sum(connections_refused) AS refused',
    `FROM activity_1s FINAL WHERE ${secondsIn(from, to)}${ofServer(server)}${ofCollector(collector)} GROUP BY t)`,
  ].join(' ');
}

/** @throws MirrorSqlError */
export async function readFigures(store: Store, sql: string): Promise<Figures> {
  const [row] = await ask<Figures>(store, sql, {});
  return row ?? NOTHING;
}

const NOTHING: Figures = {
  transactionsPerSecond: null,
  requestsPerSecond: null,
  answersPerSecond: null,
  responseMeanUs: null,
  responseMaxUs: null,
  errorShare: null,
  unanswered: null,
  waitMaxUs: null,
  connectionsMax: null,
  connectionsRefused: null,
};

/**
 * The SELECT that shows what the numbers of a finding were made of: the statements of its channels, those with its error
 * codes, its classes by the minute, or the seconds of its node; null for a finding that names nothing of these.
 * @param endUs where it ended, or the end of the window
 */
export function evidenceSql(finding: Finding, endUs: number): string | null {
  const window = { fromUs: finding.sinceUs - AROUND_US, toUs: endUs + AROUND_US };
  const [from, to] = secondsOf(window);
  const during = `ts >= toDateTime64(${from}, 6, 'UTC') AND ts < toDateTime64(${to}, 6, 'UTC')`;
  const sessions = listOf(finding.sessions, HEX);
  const codes = listOf(finding.sqlstates, SQLSTATE);
  const classes = listOf(finding.fingerprints, HEX);
  const { node, kind } = finding;
  const events =
    'SELECT ts, client_ip, client_port, status, sqlstate, duration_us, rows_affected, transaction_status, statement FROM events';
  if (codes !== '') {
    const server = finding.role === 'server' ? ofServer(node) : '';
    return `${events} WHERE ${during} AND sqlstate IN (${codes})${server} ORDER BY ts LIMIT ${ROWS_MAX}`;
  }
  if (sessions !== '')
    return `${events} WHERE ${during} AND session_id IN (${sessions}) ORDER BY ts LIMIT ${ROWS_MAX}`;
  if (classes !== '' && !kind.startsWith('state/')) {
    return `SELECT t, fingerprint, sum(calls), sum(errors), sum(duration_sum_us) / nullIf(sum(answered), 0) AS mean_us, max(duration_max_us) FROM class_1m WHERE fingerprint IN (${classes}) AND ${minutesIn(from, to)} GROUP BY t, fingerprint ORDER BY t LIMIT ${ROWS_MAX}`;
  }
  if (node === null || !ADDRESS.test(node)) return null;
  const ofNode = finding.role === 'server' ? ofServer(node) : ` AND client_ip = '${node}'`;
  return `SELECT t, sum(requests), sum(answers), sum(outstanding), max(outstanding_age_max_us), sum(connections_open), sum(connections_refused), sum(duration_sum_us) / nullIf(sum(arraySum(mapValues(durations))), 0) AS mean_us FROM activity_1s FINAL WHERE ${secondsIn(from, to)}${ofNode} GROUP BY t ORDER BY t LIMIT ${ROWS_MAX}`;
}

/** The whole seconds that touch the window, the last one excluded. */
function secondsOf({ fromUs, toUs }: Window): [number, number] {
  const from = Math.floor(fromUs / SECOND_US);
  return [from, Math.max(from + 1, Math.ceil(toUs / SECOND_US))];
}

function secondsIn(from: number, to: number): string {
  return `t >= toDateTime(${from}, 'UTC') AND t < toDateTime(${to}, 'UTC')`;
}

function minutesIn(from: number, to: number): string {
  return secondsIn(60 * Math.floor(from / 60), to);
}

function ofServer(server: string | null): string {
  if (server === null || !ADDRESS.test(server)) return '';
  const colon = server.lastIndexOf(':');
  const port = Number(server.slice(colon + 1)) || 0;
  return ` AND server_ip = '${server.slice(0, colon)}' AND server_port = ${port}`;
}

/** A name that would need quoting is left out: the figures are then of all collectors. */
function ofCollector(collector: string | undefined): string {
  return collector !== undefined && /^[\w.-]{1,100}$/.test(collector)
    ? ` AND collector = '${collector}'`
    : '';
}

function listOf(names: readonly string[], form: RegExp): string {
  return names
    .filter((name) => form.test(name))
    .map((name) => `'${name}'`)
    .join(', ');
}
