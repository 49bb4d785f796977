// dashboards-know-the-contract
import type { Noun } from '../../src/events/noun.ts';
export type TooMuch = Noun;
