/** The HTTP server: the API of contract.ts over a source of facts, its OpenAPI document, and the built pages. Read-only. */
import fastifyStatic from '@fastify/static';
import swagger from '@fastify/swagger';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import type { AnalysisSettings } from '../../analysis/settings.ts';
import { failureFrom, failureOf } from './error-answer.ts';
import type { FactsSource } from './facts-source.ts';
import type { SelfObservation } from './observation/self-observation.ts';
import { protect } from './protection.ts';
import { type ReadingLimits, Readings } from './readings.ts';
import { addJudgementRoutes } from './routes/judgements.ts';
import { addMetricsRoute } from './routes/metrics.ts';
import { addStatusRoute } from './routes/status.ts';
import { addStoreRoutes } from './routes/store.ts';
import { addWindowRoutes } from './routes/window.ts';

export interface ServerOptions {
  readonly facts: FactsSource;
  /** Whether only this machine is served; then requests must name this machine. */
  readonly loopbackOnly: boolean;
  /** The built pages; the API alone is served without them. */
  readonly webDirectory?: string | undefined;
  /** What /metrics and the status tell; neither is there without it. */
  readonly observation?: SelfObservation | undefined;
  readonly limits?: Partial<ReadingLimits>;
  /** Thresholds and names; the defaults without them. */
  readonly analysis?: AnalysisSettings | undefined;
  /** Told of every failure that nobody foresaw. */
  readonly onDefect?: (error: unknown) => void;
}

/** Longest address line of a request: every parameter at its maximum fits many times. */
const URL_BYTES_MAX = 4096;

/** Makes the server, not yet listening. */
export async function buildServer(options: ServerOptions): Promise<FastifyInstance> {
  const app = fastify({
    forceCloseConnections: true,
    bodyLimit: 1024,
    routerOptions: { maxParamLength: 64 },
    // An unknown parameter is refused, not dropped: a misspelt filter must not answer a different question.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: true, useDefaults: true } },
    frameworkErrors: (error, _request, reply) => {
      answerFailure(reply, error, options);
    },
  });
  // Answers are plain data of types that equal their schemas (tests validate them), so no serializer may bend them.
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  app.setErrorHandler((error, _request, reply) => answerFailure(reply, error, options));
  app.setNotFoundHandler((request, reply) => {
    const { status, body } = failureOf(
      'MSQL_API_NOT_FOUND',
      `there is nothing at ${request.method} ${request.url.slice(0, 200)}`,
    );
    return reply.code(status).send(body);
  });
  app.addHook('onRequest', async (request) => {
    if (request.url.length > URL_BYTES_MAX) {
      throw Object.assign(new Error('the address is too long'), { statusCode: 414 });
    }
  });
  protect(app, options);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'MirrorSQL',
        version: '1',
        description:
          'How the databases behind a mirror port are doing. Times are integer microseconds since 1970, UTC.',
      },
    },
  });
  const readings = new Readings(options.facts, options.limits, options.analysis);
  await app.register(
    async (api) => {
      api.addHook('onSend', async (_request, reply) => {
        reply.header('cache-control', 'no-store');
      });
      addStoreRoutes(api, options.facts, readings);
      addJudgementRoutes(api, options.facts);
      addWindowRoutes(api, options.facts, readings);
      if (options.observation !== undefined) addStatusRoute(api, options.observation);
    },
    { prefix: '/api/v1' },
  );
  if (options.observation !== undefined) addMetricsRoute(app, options.observation.metrics);
  app.get('/api/openapi.json', { schema: { hide: true } }, () => app.swagger());
  if (options.webDirectory !== undefined) await addPages(app, options.webDirectory);
  return app;
}

/** Files under assets/ carry a hash of their content in their name, so only the page itself is asked for again. */
async function addPages(app: FastifyInstance, directory: string): Promise<void> {
  await app.register(fastifyStatic, {
    root: directory,
    wildcard: false,
    cacheControl: false,
    globIgnore: ['**/report.html'],
    setHeaders: (reply, path) => {
      const lasting = path.includes('/assets/');
      reply.header('cache-control', lasting ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}

function answerFailure(reply: FastifyReply, error: unknown, options: ServerOptions): FastifyReply {
  const failure = failureFrom(error);
  if (failure.defect) options.onDefect?.(error);
  return reply.code(failure.status).send(failure.body);
}
