/** Routes about what analysis stored while it watched: states and findings. */
import type { FastifyInstance } from 'fastify';
import { askedWindow } from '../asked-window.ts';
import { errorAnswer, findingsAnswer, judgedQuery, statesAnswer } from '../contract.ts';
import type { ContractTypes } from '../contract-types.ts';
import type { FactsSource } from '../facts-source.ts';

const failures = { '4xx': errorAnswer, '5xx': errorAnswer };

export function addJudgementRoutes(app: FastifyInstance, facts: FactsSource): void {
  const api = app.withTypeProvider<ContractTypes>();

  api.get(
    '/states',
    {
      schema: {
        summary: 'States of nodes as they were stored while analysis watched, with what made them',
        querystring: judgedQuery,
        response: { 200: statesAnswer, ...failures },
      },
    },
    async ({ query }) => {
      const window = askedWindow(query, await facts.extent());
      return { window, states: await facts.storedStates(window, query.collector ?? '') };
    },
  );

  api.get(
    '/findings',
    {
      schema: {
        summary: 'Findings as they were stored while analysis watched, with their evidence',
        querystring: judgedQuery,
        response: { 200: findingsAnswer, ...failures },
      },
    },
    async ({ query }) => {
      const window = askedWindow(query, await facts.extent());
      return { window, findings: await facts.storedFindings(window, query.collector ?? '') };
    },
  );
}
