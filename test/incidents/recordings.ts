/** Where recordings lie: those of one's own, too large to be a part of the project, and the few that are a part of it. */
import { fileURLToPath } from 'node:url';

export const RECORDINGS = fileURLToPath(new URL('../../.cache/incidents', import.meta.url));
export const KEPT_RECORDINGS = fileURLToPath(new URL('kept', import.meta.url));
