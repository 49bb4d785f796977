/**
 * What every answer and every request must satisfy, whatever the route: headers that keep a page from being framed,
 * sniffed or fed with foreign code, and a Host check. Without the check a foreign page could point its own name at
 * 127.0.0.1 (DNS rebinding) and read captured SQL through the visitor's browser.
 */
import type { FastifyInstance } from 'fastify';
import { MirrorSqlError } from '../core/errors.ts';

const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** Whether only this machine can reach an address given to listen on. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Adds the headers to every answer and, where only this machine is served, refuses requests that name another host. */
export function protect(app: FastifyInstance, options: { loopbackOnly: boolean }): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS);
    if (options.loopbackOnly && !isLoopback(hostNameOf(request.headers.host ?? ''))) {
      throw new MirrorSqlError(
        'MSQL_API_HOST',
        'the request names a host that is not this machine',
      );
    }
  });
}

/** The name of a Host header, without its port. An IPv6 address stands in brackets (RFC 9110, 7.2). */
function hostNameOf(host: string): string {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::\d*)?$/i.exec(host);
  return (match?.[1] ?? match?.[2] ?? '').toLowerCase();
}
