// tls-computes-only
export { readFileSync } from 'node:fs';
export { createHmac } from 'node:crypto';
