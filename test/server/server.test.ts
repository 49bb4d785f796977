import type { FastifyInstance } from 'fastify';
import Schema from 'typebox/schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MirrorSqlError } from '../../src/core/errors.ts';
import type { FactsSource } from '../../src/server/facts-source.ts';
import { buildServer, type ServerOptions } from '../../src/server/server.ts';
import { EXTENT } from './sample-hour.ts';
import { executionsOf } from './sample-classes.ts';
import { sampleFacts } from './sample-facts.ts';
import { storedSamples } from './sample-judgements.ts';

/** The facts of a sample hour, as a source. */
const sampleSource: FactsSource = {
  ...storedSamples,
  extent: () => Promise.resolve(EXTENT),
  windowFacts: (window, scope) => Promise.resolve(sampleFacts(window, scope)),
  executions: (_window, filter) =>
    Promise.resolve(
      executionsOf(40)
        .filter(({ fingerprint }) => (filter.fingerprint ?? fingerprint) === fingerprint)
        .slice(0, filter.limit),
    ),
};

const KNOWN = sampleFacts().classes[4]?.fingerprint ?? '';

/** Every address of the API, with one request that it must answer. */
const ADDRESSES: Record<string, string> = {
  '/api/v1/classes': '/api/v1/classes',
  '/api/v1/classes/{fingerprint}': `/api/v1/classes/${KNOWN}`,
  '/api/v1/collectors': '/api/v1/collectors?collector=east',
  '/api/v1/errors': '/api/v1/errors',
  '/api/v1/executions': '/api/v1/executions?limit=7&sqlstate=57014',
  '/api/v1/extent': '/api/v1/extent',
  '/api/v1/findings': '/api/v1/findings?collector=east',
  '/api/v1/health': '/api/v1/health',
  '/api/v1/incidents': '/api/v1/incidents',
  '/api/v1/nodes': '/api/v1/nodes',
  '/api/v1/report':
    '/api/v1/report?from=2026-11-20T09:10:00Z&to=2026-11-20T09:50:00Z&client=10.20.4.11',
  '/api/v1/schema/explanation.json': '/api/v1/schema/explanation.json',
  '/api/v1/schema/report.json': '/api/v1/schema/report.json',
  '/api/v1/series': `/api/v1/series?from=${EXTENT.fromUs}&to=${EXTENT.toUs}`,
  '/api/v1/sessions': '/api/v1/sessions?server=10.20.8.5:5432',
  '/api/v1/states': '/api/v1/states?from=2026-11-20T09:10:00Z',
};

interface OpenApi {
  readonly paths: Record<
    string,
    { get: { responses: Record<string, { content: { 'application/json': { schema: object } } }> } }
  >;
}

async function serverOf(options: Partial<ServerOptions> = {}): Promise<FastifyInstance> {
  return buildServer({ facts: sampleSource, loopbackOnly: true, ...options });
}

const get = (app: FastifyInstance, url: string, headers: Record<string, string> = {}) =>
  app.inject({ method: 'GET', url, headers: { host: 'localhost:7432', ...headers } });

describe('the API', () => {
  let app: FastifyInstance;
  let document: OpenApi;
  beforeAll(async () => {
    app = await serverOf();
    document = (await get(app, '/api/openapi.json')).json<OpenApi>();
  });
  afterAll(() => app.close());

  it('documents exactly the addresses that it answers', () => {
    expect(Object.keys(document.paths).sort()).toEqual(Object.keys(ADDRESSES).sort());
    const routes = app.printRoutes({ commonPrefix: false }).match(/\(GET, HEAD\)/g) ?? [];
    // The OpenAPI document itself is the one address that is not in it.
    expect(routes.length).toBe(Object.keys(ADDRESSES).length + 1);
  });

  it.each(Object.entries(ADDRESSES))('answers %s as its schema says', async (path, url) => {
    const response = await get(app, url);
    expect(response.statusCode, response.body).toBe(200);
    const schema = document.paths[path]?.get.responses['200']?.content['application/json'].schema;
    expect(schema).toBeDefined();
    const [valid, faults] = Schema.Errors((schema ?? {}) as never, response.json());
    expect(faults).toEqual([]);
    expect(valid).toBe(true);
  });

  it('publishes a schema that its own report fits, and that a changed report does not', async () => {
    const schema = (await get(app, '/api/v1/schema/report.json')).json<never>();
    const report = (await get(app, '/api/v1/report')).json<Record<string, unknown>>();
    expect(Schema.Check(schema, report)).toBe(true);
    expect(Schema.Check(schema, { ...report, extra: 1 })).toBe(false);
    expect(Schema.Check(schema, { ...report, stepUs: 'ten seconds' })).toBe(false);
  });

  it('takes what a query leaves out from the extent of the store', async () => {
    const { window } = (await get(app, '/api/v1/series?from=2026-11-20T09:30:00Z')).json<{
      window: unknown;
    }>();
    expect(window).toEqual({ fromUs: 1_795_167_000_000_000, toUs: EXTENT.toUs });
  });

  it.each([
    ['/api/v1/report?from=yesterday', 'from is not a time'],
    ['/api/v1/report?from=', 'from'],
    ['/api/v1/report?from=-5', 'from is not a time'],
    ['/api/v1/report?to=999999999999999999', 'to is not a time'],
    ['/api/v1/report?from=2026-11-20T10:00:00Z&to=2026-11-20T09:00:00Z', 'from is not before to'],
    ['/api/v1/report?from=1&to=1', 'from is not before to'],
    ['/api/v1/report?from=1&from=2', 'from'],
    ['/api/v1/report?form=2026-11-20', 'additional properties'],
    [`/api/v1/report?client=${'x'.repeat(101)}`, 'client'],
    ['/api/v1/executions?limit=1000000', 'limit'],
    ['/api/v1/report?server=10.20.8.5', 'server is not address:port'],
    ['/api/v1/executions?server=10.20.8.5:99999', 'server is not address:port'],
    ['/api/v1/executions?limit=0', 'limit'],
    ['/api/v1/executions?limit=many', 'limit'],
    ["/api/v1/executions?fingerprint=' OR 1=1", 'fingerprint'],
    ['/api/v1/executions?sqlstate=DROP TABLE', 'sqlstate'],
    ['/api/v1/classes/xyz', 'fingerprint'],
    ['/api/v1/classes/%E0%A4%A', 'url'],
  ])('refuses %s and says what is wrong', async (url, reason) => {
    const response = await get(app, encodeURI(url).replaceAll('%25', '%'));
    expect(response.statusCode).toBe(400);
    const body = response.json<{ message: string }>();
    expect(Object.keys(body).sort()).toEqual(['code', 'hint', 'message']);
    expect(body).toMatchObject({ code: 'MSQL_API_REQUEST' });
    expect(body.message.toLowerCase()).toContain(reason);
  });

  it('says that a class is not in the window', async () => {
    const response = await get(app, '/api/v1/classes/0123456789abcdef');
    expect(response.statusCode).toBe(404);
    expect(response.json()).toMatchObject({ code: 'MSQL_API_NOT_FOUND' });
  });

  it('finds a class that no list of the report has room for', async () => {
    const facts = sampleFacts();
    const [first] = facts.classes;
    const many = Array.from({ length: 90 }, (_, index) => ({
      ...(first as (typeof facts.classes)[number]),
      fingerprint: String(index).padStart(16, '0'),
      durationSumUs: 1_000_000 - index,
      rowsAffected: 900 - index,
    }));
    const crowded = await serverOf({
      facts: { ...sampleSource, windowFacts: () => Promise.resolve({ ...facts, classes: many }) },
    });
    const response = await get(crowded, `/api/v1/classes/${'89'.padStart(16, '0')}`);
    expect(response.statusCode, response.body).toBe(200);
    expect(response.json()).toMatchObject({ class: { rank: 90, durationSumUs: 999_911 } });
    await crowded.close();
  });

  it('answers what it does not have in the one shape of errors', async () => {
    for (const url of ['/api/v1/nothing', '/api/v2/report', '/etc/passwd', '/../package.json']) {
      const response = await get(app, url);
      expect(response.statusCode).toBe(404);
      expect(response.json()).toMatchObject({ code: 'MSQL_API_NOT_FOUND' });
    }
  });

  it('changes nothing: every other method is refused', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'] as const) {
      const response = await app.inject({
        method,
        url: '/api/v1/report',
        headers: { host: 'localhost' },
      });
      expect(response.statusCode).toBe(404);
    }
  });

  it('refuses an address that is longer than any question needs', async () => {
    const response = await get(app, `/api/v1/report?client=${'x'.repeat(5000)}`);
    expect(response.statusCode).toBe(414);
    expect(response.json()).toMatchObject({ code: 'MSQL_API_REQUEST' });
  });
});

describe('an empty store', () => {
  it('has no extent, and no report', async () => {
    const app = await serverOf({
      facts: { ...sampleSource, extent: () => Promise.resolve(undefined) },
    });
    expect((await get(app, '/api/v1/extent')).json()).toEqual({ extent: null });
    const response = await get(app, '/api/v1/report');
    expect(response.statusCode).toBe(404);
    expect(response.json()).toMatchObject({ code: 'MSQL_STORE_EMPTY' });
    await app.close();
  });
});

describe('failures', () => {
  it('tell the operator what nobody foresaw, and the asker nothing of it', async () => {
    const seen: unknown[] = [];
    const fault = new Error('cannot read /home/secret');
    const app = await serverOf({
      facts: { ...sampleSource, windowFacts: () => Promise.reject(fault) },
      onDefect: (error) => seen.push(error),
    });
    const response = await get(app, '/api/v1/report');
    expect(response.statusCode).toBe(500);
    expect(response.json()).toMatchObject({ code: 'MSQL_INTERNAL' });
    expect(response.body).not.toContain('secret');
    expect(seen).toEqual([fault]);
    await app.close();
  });

  it('say that the store does not answer, when it does not', async () => {
    const app = await serverOf({
      facts: {
        ...sampleSource,
        extent: () => Promise.reject(new MirrorSqlError('MSQL_STORE_UNREACHABLE', 'no answer')),
      },
    });
    for (const url of ['/api/v1/health', '/api/v1/extent', '/api/v1/report']) {
      const response = await get(app, url);
      expect(response.statusCode).toBe(503);
      expect(response.json()).toMatchObject({ code: 'MSQL_STORE_UNREACHABLE' });
    }
    await app.close();
  });
});

describe('protection', () => {
  it('refuses a request that names another host while it serves this machine only', async () => {
    const app = await serverOf();
    for (const host of [
      'attacker.example',
      'attacker.example:7432',
      'localhost.attacker.example',
      '127.0.0.1.nip.example',
      '[::2]:7432',
    ]) {
      const response = await get(app, '/api/v1/extent', { host });
      expect(response.statusCode, host).toBe(421);
      expect(response.json()).toMatchObject({ code: 'MSQL_API_HOST' });
    }
    for (const host of [
      'localhost',
      'LOCALHOST:7432',
      '127.0.0.1:7432',
      '127.8.8.8',
      '[::1]:7432',
    ]) {
      expect((await get(app, '/api/v1/extent', { host })).statusCode, host).toBe(200);
    }
    await app.close();
  });

  it('answers any host when it was told to serve other machines', async () => {
    const app = await serverOf({ loopbackOnly: false });
    const response = await get(app, '/api/v1/extent', { host: 'monitor.bank.example' });
    expect(response.statusCode).toBe(200);
    await app.close();
  });

  it('sends its headers with every answer, errors as well', async () => {
    const app = await serverOf();
    for (const url of ['/api/v1/extent', '/api/v1/report?from=rubbish', '/nothing']) {
      const { headers } = await get(app, url);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['x-frame-options']).toBe('DENY');
      expect(headers['referrer-policy']).toBe('no-referrer');
      expect(headers['content-security-policy']).toContain(
        "default-src 'none'; script-src 'self';",
      );
      expect(headers['content-security-policy']).not.toContain('unsafe');
    }
    await app.close();
  });
});
