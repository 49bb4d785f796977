/**
 * The parent's side of the engine's process: starts it, starts it again when it crashes (same address, same credential,
 * so that clients only have to repeat their request), and ends it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { MirrorSqlError } from '../core/errors.ts';
import type { FromEngine, StoreDescription, ToEngine } from './engine/messages.ts';
import { limits } from './limits.ts';

/** Another process holds the directory's lock. */
export class DirectoryLocked extends Error {}

const CLOSE_WITHIN_MS = 20_000;
const RESTART_WINDOW_MS = 60_000;
const RESTART_FIRST_MS = 200;

/** One thread for each connection of the engine, and some for files: all run on libuv's pool. */
const THREADS_COUNT = limits.readersMax + 2 + 4;

export interface EngineOptions {
  /** Started again however often it ends. */
  readonly patient?: boolean;
  /** The engine whose address and credential this one takes over. */
  readonly successorOf?: StoreDescription;
}

/** A patient parent waits no longer than this before it starts the engine again. */
const RESTART_MAX_MS = 15_000;

export class EngineProcess {
  readonly #directory: string;
  readonly #user: string;
  readonly #password: string;
  #url = '';
  #child: ChildProcess | undefined;
  #closing = false;
  #kept = false;
  #restartTimes: number[] = [];
  readonly #patient: boolean;
  /** Why the engine was given up. */
  failure: MirrorSqlError | undefined;

  private constructor(directory: string, options: EngineOptions) {
    this.#directory = directory;
    this.#patient = options.patient ?? false;
    this.#user = options.successorOf?.user ?? 'mirrorsql';
    this.#password = options.successorOf?.password ?? randomBytes(24).toString('hex');
  }

  /**
   * @throws DirectoryLocked when another process has the directory open.
   * @throws MirrorSqlError MSQL_STORE_ENGINE when the engine does not start.
   */
  static async start(directory: string, options: EngineOptions = {}): Promise<EngineProcess> {
    const engine = new EngineProcess(directory, options);
    const { successorOf } = options;
    try {
      await engine.#spawn(successorOf === undefined ? 0 : Number(new URL(successorOf.url).port));
    } catch (error) {
      rmSync(logPath(directory), { force: true });
      throw error;
    }
    return engine;
  }

  get description(): StoreDescription {
    return {
      pid: this.#child?.pid ?? 0,
      url: this.#url,
      user: this.#user,
      password: this.#password,
    };
  }

  /** Ends the engine at once: what it was writing is thrown away. */
  kill(): void {
    this.#closing = true;
    this.#child?.kill('SIGKILL');
  }

  /** Ends the engine in order, or leaves it to the processes that hold a lease on it. */
  async close(): Promise<void> {
    this.#closing = true;
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    child.channel?.ref();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), CLOSE_WITHIN_MS);
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      child.once('exit', done);
      child.on('message', (message: FromEngine) => {
        if (message.type !== 'kept') return;
        this.#kept = true;
        child.disconnect();
        child.unref();
        done();
      });
      send(child, { type: 'close' });
    });
    if (this.failure === undefined) rmSync(logPath(this.#directory), { force: true });
  }

  async #spawn(port: number): Promise<void> {
    const child = forkEngine(this.#directory);
    this.#child = child;
    const url = await readyUrl(child, {
      type: 'start',
      directory: this.#directory,
      port,
      user: this.#user,
      password: this.#password,
    });
    this.#url = url;
    child.on('exit', () => void this.#restart());
    // A command that forgets to close must still be able to end; the engine ends when the channel does.
    child.unref();
    child.channel?.unref();
  }

  #isClosing(): boolean {
    return this.#closing;
  }

  async #restart(): Promise<void> {
    if (this.#closing || this.#kept) return;
    const now = Date.now();
    this.#restartTimes = this.#restartTimes.filter((time) => time > now - RESTART_WINDOW_MS);
    if (!this.#patient && this.#restartTimes.length >= limits.restartsMax) {
      this.failure = new MirrorSqlError(
        'MSQL_STORE_ENGINE',
        `the store's engine ended ${limits.restartsMax + 1} times within a minute, see ${logPath(this.#directory)}`,
      );
      return;
    }
    const waitMs = Math.min(RESTART_FIRST_MS * 2 ** this.#restartTimes.length, RESTART_MAX_MS);
    this.#restartTimes.push(now);
    await sleep(waitMs);
    if (this.#isClosing()) return;
    try {
      await this.#spawn(Number(new URL(this.#url).port));
    } catch {
      void this.#restart(); // Counted above, so this ends.
    }
  }
}

function send(child: ChildProcess, message: ToEngine): void {
  // One that was killed this moment does not hear it: its end says so.
  if (child.connected) child.send(message, () => undefined);
}

/** From TypeScript sources (tests, tsx) the child needs the same loader; from dist it is plain JavaScript. */
function forkEngine(directory: string): ChildProcess {
  const here = fileURLToPath(import.meta.url);
  const fromSources = here.endsWith('.ts');
  const entry = fileURLToPath(
    new URL(fromSources ? './engine/main.ts' : './engine/main.js', pathToFileURL(here)),
  );
  const loader = fromSources
    ? ['--import', pathToFileURL(createRequire(here).resolve('tsx')).href]
    : [];
  let log: number;
  try {
    log = openSync(logPath(directory), 'a', 0o600);
  } catch (error) {
    throw failureOf(String(error));
  }
  try {
    return fork(entry, [], {
      execArgv: loader,
      // A process group of its own: Ctrl-C is for the command, which then closes the store in order.
      detached: true,
      stdio: ['ignore', log, log, 'ipc'],
      env: { ...process.env, UV_THREADPOOL_SIZE: String(THREADS_COUNT), NODE_OPTIONS: '' },
    });
  } finally {
    closeSync(log);
  }
}

/** What the engine prints, which is little unless it fails. One file for each parent: two may try the same directory. */
function logPath(directory: string): string {
  return join(directory, `engine.${process.pid}.log`);
}

/** The last lines that the engine printed. */
function logEnd(directory: string): string {
  try {
    return readFileSync(logPath(directory), 'utf8').slice(-4_000);
  } catch {
    return ''; // It has printed nothing: the reason stands by itself.
  }
}

function readyUrl(child: ChildProcess, start: ToEngine & { type: 'start' }): Promise<string> {
  const failWith = (reason: string): Error => failureOf(`${logEnd(start.directory)}\n${reason}`);
  return new Promise((resolve, reject) => {
    const onMessage = (message: FromEngine): void => {
      if (message.type === 'ready') {
        child.off('exit', onExit);
        child.off('message', onMessage);
        resolve(message.url);
      } else if (message.type === 'failed') {
        child.off('exit', onExit);
        reject(failWith(message.reason));
      }
    };
    const onExit = (code: number | null, signal: string | null): void => {
      reject(failWith(`it ended at once (${signal ?? String(code)})`));
    };
    child.on('message', onMessage);
    child.once('exit', onExit);
    child.once('error', (error) => reject(failureOf(error.message)));
    send(child, start);
  });
}

/** chdb says code 76 (CANNOT_OPEN_FILE) and "Cannot lock file" when another process has the directory. */
function failureOf(reason: string): Error {
  if (/Cannot lock file/.test(reason)) return new DirectoryLocked(reason);
  const lines = reason.split('\n').filter((line) => line.trim() !== '');
  const firstLine = lines.find((line) => /Code: \d+/.test(line)) ?? lines.at(-1) ?? '';
  if (/Code: 243|no space left/i.test(reason)) {
    return new MirrorSqlError('MSQL_STORE_DISK_FULL', 'the disk of the data directory is full');
  }
  if (/Permission denied|EACCES|EROFS|Read-only file system/.test(reason)) {
    return new MirrorSqlError(
      'MSQL_STORE_DIRECTORY',
      `the data directory is not writable (${firstLine})`,
    );
  }
  return new MirrorSqlError('MSQL_STORE_ENGINE', `the store's engine did not start: ${firstLine}`);
}
