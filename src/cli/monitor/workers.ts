/**
 * `monitor --workers N`: N pipelines beside each other, each in a process of its own with a collector and a sink of its
 * own, and no dispatcher: the kernel shares the packets by flow (PACKET_FANOUT_HASH), or each takes its share of all.
 * What they seal is stored by one writer; their counts, and their seconds, are added up here.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { MirrorSqlError } from '../../core/errors.ts';
import { addSummaries, type CaptureSummary } from '../../events/capture-summary.ts';
import type { ObservedCapture } from '../../server/observation/observed.ts';
import { loadDescriber } from '../../sql/describe.ts';
import { SegmentSink } from '../../store/segment-sink.ts';
import { ActivityMerge } from './activity-merge.ts';
import type { MonitorPlan } from './options.ts';
import {
  type PipelineListener,
  type Running,
  SEGMENTS_WAITING_CALM,
  type Waiting,
} from './pipeline.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

const SECOND_MS = 1000;
/** Groups of sockets are told apart by 16 bits; every interface of one run has a group of its own. */
const GROUPS_MAX = 65_000;

type Opened = FromWorker & { readonly type: 'opened' };

interface Worker {
  readonly child: ChildProcess;
  /** Resolves when it has ended and all that it said is read. */
  readonly closed: Promise<unknown>;
  /** Its last word so far. */
  summary: CaptureSummary | undefined;
  sessionsOpen: number;
  lagUs: number | undefined;
  done: boolean;
}

export class Workers {
  readonly name: string;
  readonly reason: string;
  readonly ends: boolean;
  readonly #backend: string;
  readonly #children: readonly ChildProcess[];

  private constructor(
    plan: MonitorPlan,
    children: readonly ChildProcess[],
    { reason, backend }: Opened,
  ) {
    this.#backend = backend;
    const { origin, workers } = plan;
    this.#children = children;
    this.ends = origin.kind === 'file';
    this.name = origin.kind === 'file' ? origin.path : origin.interfaces.join('+');
    this.reason = `${reason}; ${workers} workers`;
  }

  /** Starts the processes and has each open what it captures from. @throws MirrorSqlError */
  static async open(plan: MonitorPlan): Promise<Workers> {
    const children = Array.from({ length: plan.workers }, forkWorker);
    try {
      const fanoutGroup = (process.pid % GROUPS_MAX) + 1;
      const answers = await Promise.all(
        children.map((child, index) => opened(child, { type: 'open', plan, index, fanoutGroup })),
      );
      const [first] = answers;
      if (first === undefined || answers.some(({ backend }) => backend !== first.backend)) {
        throw new MirrorSqlError(
          'MSQL_LIVE_BACKEND',
          'the workers capture in different ways; force one with --backend',
        );
      }
      return new Workers(plan, children, first);
    } catch (error) {
      for (const child of children) child.kill('SIGKILL');
      throw error;
    }
  }

  async begin(
    options: { readonly directory: string; readonly collector: string },
    listener: PipelineListener,
  ): Promise<RunningWorkers> {
    const { directory, collector } = options;
    const count = this.#children.length;
    const sink = new SegmentSink({
      directory,
      collector,
      lane: { index: count, count: count + 1 },
      describe: await loadDescriber(),
      onSealed: (segment) => listener.sealed(segment),
      onLost: (table, rows, error) => listener.lost(table, rows, Date.now() * 1000, error),
    });
    // Nothing that came before the last of them listened, or a flow would be divided.
    const sinceUs = this.ends ? Number.NEGATIVE_INFINITY : Date.now() * 1000;
    for (const child of this.#children) {
      say(child, { type: 'begin', directory, collector, sinceUs });
    }
    const about = { name: this.name, backend: this.#backend };
    return new RunningWorkers(this.#children, sink, listener, about);
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }
}

class RunningWorkers implements Running {
  readonly #workers: readonly Worker[];
  readonly #sink: SegmentSink;
  readonly #listener: PipelineListener;
  readonly #activity: ActivityMerge;
  readonly #about: { readonly name: string; readonly backend: string };
  #over = false;
  #failure: MirrorSqlError | undefined;
  #waiting: Waiting = { segments: 0, quotaShare: 0 };

  constructor(
    children: readonly ChildProcess[],
    sink: SegmentSink,
    listener: PipelineListener,
    about: { readonly name: string; readonly backend: string },
  ) {
    this.#about = about;
    this.#sink = sink;
    this.#listener = listener;
    this.#activity = new ActivityMerge(
      (second) => sink.activity(second),
      () => performance.now(),
    );
    this.#workers = children.map((child) => ({
      child,
      // Asked for at once: the exit of one that has little to do is known before its last messages are read.
      closed:
        (child.exitCode ?? child.signalCode) === null ? once(child, 'close') : Promise.resolve(),
      summary: undefined,
      sessionsOpen: 0,
      lagUs: undefined,
      done: false,
    }));
    for (const worker of this.#workers) {
      worker.child.on('message', (message: FromWorker) => this.#receive(worker, message));
    }
  }

  get waiting(): Waiting {
    return this.#waiting;
  }

  set waiting(waiting: Waiting) {
    this.#waiting = waiting;
    for (const { child } of this.#workers) say(child, { type: 'waiting', waiting });
  }

  async run(): Promise<CaptureSummary> {
    const timer = setInterval(() => {
      this.#activity.look();
      if (this.#waiting.segments < SEGMENTS_WAITING_CALM) this.#sink.seal();
    }, SECOND_MS);
    try {
      await Promise.all(this.#workers.map((worker) => this.#ended(worker)));
    } finally {
      clearInterval(timer);
    }
    this.#over = true;
    this.#activity.finish();
    this.#sink.seal();
    await this.#sink.settled();
    if (this.#failure !== undefined) {
      const { code, message } = this.#failure;
      return { ...this.summary(), failure: { code, message } };
    }
    return this.summary();
  }

  stop(): void {
    for (const { child } of this.#workers) say(child, { type: 'stop' });
  }

  summary(): CaptureSummary {
    return addSummaries(this.summaries());
  }

  /** For whoever watches: as of the last second. */
  get observed(): ObservedCapture {
    const workers = this.#workers;
    return {
      ...this.#about,
      summary: () => this.summary(),
      sessionsOpen: () => workers.reduce((sum, { sessionsOpen }) => sum + sessionsOpen, 0),
      lagUs: () => {
        const lags = workers.flatMap(({ lagUs }) => lagUs ?? []);
        return lags.length === 0 ? undefined : Math.max(...lags);
      },
      ended: () => this.#over,
    };
  }

  /** Of each worker that has told one. */
  summaries(): CaptureSummary[] {
    return this.#workers.flatMap(({ summary }) => summary ?? []);
  }

  /** One that ends before its time takes the others with it: its flows would go on in theirs, in their middle. */
  async #ended(worker: Worker): Promise<void> {
    const { child, closed } = worker;
    await closed;
    if (worker.done) return;
    const how = child.signalCode ?? `exit code ${child.exitCode ?? ''}`;
    this.#failure ??= new MirrorSqlError('MSQL_INTERNAL', `a worker ended by itself: ${how}`);
    this.stop();
  }

  #receive(worker: Worker, message: FromWorker): void {
    switch (message.type) {
      case 'sealed':
        this.#listener.sealed(message.segment);
        return;
      case 'lost':
        this.#listener.lost(
          message.table,
          message.rowsCount,
          message.atUs,
          new Error(message.message),
        );
        return;
      case 'reduced':
        this.#listener.reduced(message.reduction);
        return;
      case 'activity':
        this.#activity.take(message.second);
        return;
      case 'summary':
        worker.summary = message.summary;
        worker.sessionsOpen = message.sessionsOpen;
        worker.lagUs = message.lagUs;
        return;
      case 'done':
        worker.summary = message.summary;
        worker.done = true;
        return;
      case 'failed':
        this.#failure ??= new MirrorSqlError(message.code, message.message);
        return;
      case 'opened':
        return;
    }
  }
}

/** From TypeScript sources (tests, tsx) the process needs the same loader; from dist it is plain JavaScript. */
function forkWorker(): ChildProcess {
  const fromSources = import.meta.url.endsWith('.ts');
  const main = new URL(fromSources ? './worker-main.ts' : './worker-main.js', import.meta.url);
  return fork(fileURLToPath(main), [], {
    execArgv: fromSources ? ['--import', 'tsx'] : [],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

function say(child: ChildProcess, message: ToWorker): void {
  // One that was killed this moment does not hear it: its end says so.
  if (child.connected) child.send(message, () => undefined);
}

function opened(child: ChildProcess, message: ToWorker): Promise<Opened> {
  say(child, message);
  return new Promise((resolve, reject) => {
    child.once('message', (answer: FromWorker) => {
      if (answer.type === 'opened') resolve(answer);
      else if (answer.type === 'failed') reject(new MirrorSqlError(answer.code, answer.message));
    });
    child.once('close', () =>
      reject(new MirrorSqlError('MSQL_INTERNAL', 'a worker did not start')),
    );
  });
}
