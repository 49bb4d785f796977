/** How MirrorSQL itself is doing. Answered also when the store does not answer. */
import type { FastifyInstance } from 'fastify';
import { errorAnswer } from '../contract.ts';
import type { ContractTypes } from '../contract-types.ts';
import type { SelfObservation } from '../observation/self-observation.ts';
import { statusAnswer } from '../status-schema.ts';

export function addStatusRoute(app: FastifyInstance, observation: SelfObservation): void {
  app.withTypeProvider<ContractTypes>().get(
    '/status',
    {
      schema: {
        summary: 'How MirrorSQL itself is doing: capture, storing, store, decoding, machine',
        response: { 200: statusAnswer, '4xx': errorAnswer, '5xx': errorAnswer },
      },
    },
    () => observation.read(),
  );
}
