// dashboards-take-types-only
export { schema } from '../../src/server/contract.ts';
