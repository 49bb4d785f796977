/** Routes about the store as a whole: how far it reaches, whether it answers, single executions. */
import type { FastifyInstance } from 'fastify';
import { askedScope, askedWindow } from '../asked-window.ts';
import {
  errorAnswer,
  executionsAnswer,
  executionsQuery,
  extentAnswer,
  healthAnswer,
} from '../contract.ts';
import type { ContractTypes } from '../contract-types.ts';
import type { FactsSource } from '../facts-source.ts';
import type { Readings } from '../readings.ts';
import { explanationSchema } from '../explanation-schema.ts';
import { reportSchema } from '../report-schema.ts';

const failures = { '4xx': errorAnswer, '5xx': errorAnswer };

export function addStoreRoutes(app: FastifyInstance, facts: FactsSource, readings: Readings): void {
  const api = app.withTypeProvider<ContractTypes>();

  api.get(
    '/extent',
    {
      schema: {
        summary: 'How far the stored data reaches',
        response: { 200: extentAnswer, ...failures },
      },
    },
    async () => ({ extent: (await facts.extent()) ?? null }),
  );

  api.get(
    '/health',
    {
      schema: {
        summary: 'Whether the server and its store answer',
        response: { 200: healthAnswer, ...failures },
      },
    },
    async () => ({
      status: 'ok' as const,
      extent: (await facts.extent()) ?? null,
      readingsInFlight: readings.inFlightCount,
      readingsWaiting: readings.waitingCount,
    }),
  );

  api.get(
    '/executions',
    {
      schema: {
        summary: 'Single executions, slowest first',
        querystring: executionsQuery,
        response: { 200: executionsAnswer, ...failures },
      },
    },
    async ({ query }) => {
      const scope = askedScope(query);
      const window = askedWindow(query, await facts.extent());
      const { from: _from, to: _to, limit = 100, ...filter } = query;
      const executions = await facts.executions(window, { ...filter, limit });
      return { window, scope, limit, executions };
    },
  );

  api.get(
    '/schema/report.json',
    {
      schema: {
        summary: 'JSON Schema of the report',
        response: { 200: { type: 'object', additionalProperties: true } },
      },
    },
    () => ({ $schema: 'https://json-schema.org/draft/2020-12/schema', ...reportSchema }),
  );

  api.get(
    '/schema/explanation.json',
    {
      schema: {
        summary: 'JSON Schema of what mirrorsql explain prints',
        response: { 200: { type: 'object', additionalProperties: true } },
      },
    },
    () => ({ $schema: 'https://json-schema.org/draft/2020-12/schema', ...explanationSchema }),
  );
}
