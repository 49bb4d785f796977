import type { Answer } from '../../src/server/contract.ts';
export const page: Answer = { ok: true };
