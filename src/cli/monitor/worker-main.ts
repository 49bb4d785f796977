/** One pipeline of `monitor --workers N`, in a process of its own: captures its share and seals segments (workers.ts). */
import process from 'node:process';
import { SharedSource } from '../../../collectors/flow-share.ts';
import { MirrorSqlError } from '../../core/errors.ts';
import { type Feed, openFeed } from './feed.ts';
import type { MonitorPlan } from './options.ts';
import { Pipeline } from './pipeline.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

const SECOND_MS = 1000;

function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message);
}

let feed: Feed | undefined;
let plan: MonitorPlan | undefined;
let index = 0;
let pipeline: Pipeline | undefined;

async function open(message: ToWorker & { type: 'open' }): Promise<void> {
  ({ plan, index } = message);
  feed = await openFeed(plan.origin, message.fanoutGroup);
  const { reason, backend, sharedByKernel } = feed;
  tell({ type: 'opened', reason, backend, sharedByKernel });
}

async function begin({
  directory,
  collector,
  sinceUs,
}: ToWorker & { type: 'begin' }): Promise<void> {
  if (feed === undefined || plan === undefined) return;
  const share = { index, count: plan.workers };
  const own = new SharedSource(feed.source, feed.sharedByKernel ? undefined : share, sinceUs);
  pipeline = await Pipeline.create(
    { ...feed, source: own },
    {
      directory,
      collector,
      ports: plan.ports,
      separation: plan.separation,
      values: plan.values,
      keyLogPath: plan.keyLogPath,
      lane: { index, count: plan.workers + 1 },
    },
    {
      sealed: (segment) => tell({ type: 'sealed', segment }),
      lost: (table, rowsCount, atUs, error) =>
        tell({ type: 'lost', table, rowsCount, atUs, message: String(error) }),
      reduced: (reduction) => tell({ type: 'reduced', reduction }),
      activity: (second) => tell({ type: 'activity', second }),
    },
  );
  const running = pipeline;
  const timer = setInterval(() => {
    const { observed } = running;
    const [sessionsOpen, lagUs] = [observed.sessionsOpen(), observed.lagUs()];
    tell({ type: 'summary', summary: running.summary(), sessionsOpen, lagUs });
  }, SECOND_MS);
  const summary = await running.run();
  clearInterval(timer);
  tell({ type: 'done', summary });
  await feed.source.close();
  process.disconnect();
}

function stop(): void {
  if (pipeline !== undefined) pipeline.stop();
  else process.disconnect();
}

function failed(error: unknown): void {
  const { code, message } =
    error instanceof MirrorSqlError ? error : new MirrorSqlError('MSQL_INTERNAL', String(error));
  tell({ type: 'failed', code, message });
  process.exitCode = 1;
  process.disconnect();
}

function receive(message: ToWorker): void {
  switch (message.type) {
    case 'open':
      open(message).catch(failed);
      return;
    case 'begin':
      begin(message).catch(failed);
      return;
    case 'waiting':
      if (pipeline !== undefined) pipeline.waiting = message.waiting;
      return;
    case 'stop':
      stop();
  }
}

process.on('message', receive);
// Ctrl-C is for all processes of the terminal; whoever started us says when to end, or is gone.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', () => {
  pipeline?.stop();
  if (pipeline === undefined) void feed?.source.close();
});
