// nothing-imports-tests
export { fixture } from '../test/fixture.ts';
