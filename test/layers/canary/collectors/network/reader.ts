// pure-rooms-do-no-input-or-output
import { readFileSync } from 'node:fs';
export const read = readFileSync;
