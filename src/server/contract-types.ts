/** Lets the compiler check each route's handler against the schemas of the contract. */
import type { FastifyTypeProvider } from 'fastify';
import type { Static, TSchema } from 'typebox';
import type { DeepReadonly } from './schemas/values.ts';

/** Queries are read as their schema says; answers may be readonly, as the report is. */
export interface ContractTypes extends FastifyTypeProvider {
  validator: this['schema'] extends TSchema ? Static<this['schema']> : unknown;
  serializer: this['schema'] extends TSchema ? DeepReadonly<Static<this['schema']>> : unknown;
}
