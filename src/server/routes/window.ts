/** Routes about a window of time: the whole report, and its parts for those who need only one. */
import type { FastifyInstance } from 'fastify';
import type { TSchema } from 'typebox';
import { rankedClasses } from '../../../analysis/monitors/slow-statements.ts';
import { totalsOf } from '../../../analysis/monitors/totals.ts';
import { MirrorSqlError } from '../../core/errors.ts';
import type { ClassStep } from '../../events/facts.ts';
import type { ClassRow, Report } from '../../events/report.ts';
import { askedScope, askedWindow } from '../asked-window.ts';
import {
  classAnswer,
  classesAnswer,
  collectorsAnswer,
  classParams,
  errorAnswer,
  errorsAnswer,
  incidentsAnswer,
  nodesAnswer,
  reportAnswer,
  seriesAnswer,
  sessionsAnswer,
  type WindowQuery,
  windowQuery,
} from '../contract.ts';
import type { ContractTypes } from '../contract-types.ts';
import type { FactsSource } from '../facts-source.ts';
import type { Reading, Readings } from '../readings.ts';

const failures = { '4xx': errorAnswer, '5xx': errorAnswer };
/** Executions shown with a class: a screenful. */
const CLASS_EXECUTIONS_MAX = 50;

export function addWindowRoutes(
  app: FastifyInstance,
  facts: FactsSource,
  readings: Readings,
): void {
  const api = app.withTypeProvider<ContractTypes>();
  const read = async (query: WindowQuery): Promise<Reading> =>
    readings.of(askedWindow(query, await facts.extent()), askedScope(query));

  api.get(
    '/report',
    windowRoute('Everything that is known about a window', reportAnswer),
    async ({ query }) => (await read(query)).report,
  );

  api.get(
    '/series',
    windowRoute('Traffic, response times, errors and connections over time', seriesAnswer),
    async ({ query }) => {
      const { report } = await read(query);
      return { ...askedOf(report), stepUs: report.stepUs, points: report.series };
    },
  );

  api.get(
    '/nodes',
    windowRoute('Application hosts and database endpoints', nodesAnswer),
    async ({ query }) => {
      const { report } = await read(query);
      return { ...askedOf(report), nodes: report.nodes };
    },
  );

  api.get(
    '/classes',
    windowRoute('Classes of statements that cost, wait or write most', classesAnswer),
    async ({ query }) => {
      const { report } = await read(query);
      return { ...askedOf(report), classes: listedClasses(report) };
    },
  );

  api.get(
    '/errors',
    windowRoute('Errors by code, with their root-cause class', errorsAnswer),
    async ({ query }) => {
      const { report } = await read(query);
      const startsUs = report.series.map((point) => point.startUs);
      return { ...askedOf(report), stepUs: report.stepUs, startsUs, errors: report.errors };
    },
  );

  api.get(
    '/sessions',
    windowRoute('Connections, and what befell them', sessionsAnswer),
    async ({ query }) => {
      const { report } = await read(query);
      const { channels, channelsCount, sessionEvents: events } = report;
      return { ...askedOf(report), channelsCount, channels, events };
    },
  );

  api.get(
    '/incidents',
    windowRoute('Findings that belong together, with their first cause', incidentsAnswer),
    async ({ query }) => {
      const { report } = await read(query);
      return { ...askedOf(report), incidents: report.incidents };
    },
  );

  api.get(
    '/collectors',
    windowRoute('Collectors, and what each of them missed', collectorsAnswer),
    async ({ query }) => {
      const { report } = await read(query);
      return { ...askedOf(report), collectors: report.collectors };
    },
  );

  addClassRoute(app, facts, read);
}

/** One class: its row, its steps over time, its slowest executions. */
function addClassRoute(
  app: FastifyInstance,
  facts: FactsSource,
  read: (query: WindowQuery) => Promise<Reading>,
): void {
  app.withTypeProvider<ContractTypes>().get(
    '/classes/:fingerprint',
    {
      schema: {
        ...windowRoute('One class of statements, with its slowest executions', classAnswer).schema,
        params: classParams,
      },
    },
    async ({ params: { fingerprint }, query }) => {
      const reading = await read(query);
      const { report } = reading;
      const found = classRowOf(reading, fingerprint);
      if (found === undefined) {
        throw new MirrorSqlError('MSQL_API_NOT_FOUND', `no class ${fingerprint} in this window`);
      }
      const executions = await facts.executions(report.window, {
        ...report.scope,
        fingerprint,
        limit: CLASS_EXECUTIONS_MAX,
      });
      return {
        ...askedOf(report),
        class: found,
        series: reading.facts.classSteps
          .filter((step) => step.fingerprint === fingerprint)
          .map(pointOf),
        executions,
      };
    },
  );
}

function windowRoute<Answer extends TSchema>(summary: string, answer: Answer) {
  return { schema: { summary, querystring: windowQuery, response: { 200: answer, ...failures } } };
}

function askedOf({ window, scope }: Report) {
  return { window, scope };
}

/** Every class that the report names, each once, by total time. */
function listedClasses(report: Report): ClassRow[] {
  const byFingerprint = new Map<string, ClassRow>();
  for (const row of [...report.expensive, ...report.slow, ...report.writers]) {
    if (!byFingerprint.has(row.fingerprint)) byFingerprint.set(row.fingerprint, row);
  }
  return [...byFingerprint.values()].sort((a, b) => b.durationSumUs - a.durationSumUs);
}

/** A class of the window, also one that no list of the report has room for: a slow execution or an error may name it. */
function classRowOf({ facts, report }: Reading, fingerprint: string): ClassRow | undefined {
  const listed = listedClasses(report).find((row) => row.fingerprint === fingerprint);
  if (listed !== undefined) return listed;
  const found = facts.classes.filter((row) => row.fingerprint === fingerprint);
  const [row] = rankedClasses(found, facts.classSteps, totalsOf(facts.steps)).expensive;
  if (row === undefined) return undefined;
  const before = facts.classes.filter((other) => other.durationSumUs > row.durationSumUs);
  return { ...row, rank: before.length + 1 };
}

function pointOf({ startUs, stepUs, answered, durationSumUs }: ClassStep) {
  const responseTimeMeanUs = answered === 0 ? null : durationSumUs / answered;
  return { startUs, stepUs, answered, responseTimeMeanUs };
}
