// core-knows-nothing
import type { Noun } from '../events/noun.ts';
export type Upward = Noun;
