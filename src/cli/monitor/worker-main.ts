/** One pipeline of `monitor --workers N`, in a process of its own: captures its share and seals segments (workers.ts). */
import process from 'node:process';
import { SharedSource } from '../../../collectors/flow-share.ts';
import { MirrorSqlError } from '../../core/errors.ts';
import { type Feed, openFeed } from './feed.ts';
import type { MonitorPlan } from './options.ts';
import { Pipeline } from './pipeline.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

const SECOND_MS = 1000;

/** To nobody, when whoever started us was killed: the disconnection says so as well. */
function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}

let feed: Feed | undefined;
let plan: MonitorPlan | undefined;
let index = 0;
let pipeline: Pipeline | undefined;
/** A pipeline is being made, or runs. */
let begun = false;
/** The end was asked for, or nobody is left to ask; it may come before the pipeline is made. */
let ending = false;

async function open(message: ToWorker & { type: 'open' }): Promise<void> {
  ({ plan, index } = message);
  feed = await openFeed(plan.origin, message.fanoutGroup);
  if (ending) await feed.source.close();
  const { reason, backend, sharedByKernel } = feed;
  tell({ type: 'opened', reason, backend, sharedByKernel });
}

async function begin({
  directory,
  collector,
  sinceUs,
}: ToWorker & { type: 'begin' }): Promise<void> {
  if (feed === undefined || plan === undefined) return;
  begun = true;
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
  if (ending) running.stop();
  const timer = setInterval(() => {
    const { observed } = running;
    const [sessionsOpen, lagUs] = [observed.sessionsOpen(), observed.lagUs()];
    tell({ type: 'summary', summary: running.summary(), sessionsOpen, lagUs });
  }, SECOND_MS);
  const summary = await running.run();
  clearInterval(timer);
  tell({ type: 'done', summary });
  await feed.source.close();
  leave();
}

function end(): void {
  if (ending) return;
  ending = true;
  pipeline?.stop();
  if (begun) return;
  void feed?.source.close();
  leave();
}

function leave(): void {
  if (process.connected) process.disconnect();
}

function failed(error: unknown): void {
  const { code, message } =
    error instanceof MirrorSqlError ? error : new MirrorSqlError('MSQL_INTERNAL', String(error));
  tell({ type: 'failed', code, message });
  process.exitCode = 1;
  leave();
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
      end();
  }
}

process.on('message', receive);
// Ctrl-C is for all processes of the terminal; whoever started us says when to end, or is gone.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);
process.on('disconnect', end);
