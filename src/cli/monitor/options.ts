/** What `mirrorsql monitor` is asked to do, checked before anything is opened. */
import { BACKENDS, type Backend } from '../../../collectors/capture/live.ts';
import type { Separation } from '../../../collectors/network/scope.ts';
import { MirrorSqlError } from '../../core/errors.ts';
import type { Protocol } from '../../events/session.ts';
import { portOptions, separationOptions } from '../decode.ts';
import type { RetentionPolicy } from '../../store/retention.ts';
import { type RetentionOptions, retentionPolicy } from '../retention-options.ts';
import { sizeOption } from '../size-option.ts';
import type { ServingOptions } from '../serve.ts';
import { type ValuesChoice, valuesChoice } from '../values-option.ts';
import type { CollectorOptions } from '../store-settings.ts';

export interface MonitorOptions extends CollectorOptions, RetentionOptions, ServingOptions {
  readonly interface?: readonly string[];
  readonly read?: string;
  readonly speed?: string;
  readonly filter?: string;
  readonly backend?: string;
  readonly port?: readonly string[];
  readonly separate?: readonly string[];
  readonly workers?: string;
  readonly quota?: string;
  readonly keylog?: string;
  readonly values?: string;
}

/** Interfaces, or a file that is played. */
export type Origin =
  | {
      readonly kind: 'interfaces';
      readonly interfaces: readonly string[];
      readonly backend: Backend;
      readonly filter: string | undefined;
    }
  | { readonly kind: 'file'; readonly path: string; readonly speed: number };

export interface MonitorPlan {
  readonly origin: Origin;
  /** Pipelines beside each other. */
  readonly workers: number;
  readonly ports: ReadonlyMap<number, Protocol>;
  readonly separation: Separation;
  /** Bytes of segments that may wait for the store; undefined: as the store has it. */
  readonly quotaBytes: number | undefined;
  readonly retention: RetentionPolicy;
  /** File with the secrets of TLS connections, which is followed. */
  readonly keyLogPath: string | undefined;
  readonly values: ValuesChoice;
}

/** @throws MirrorSqlError MSQL_CLI_USAGE */
export function monitorPlan(options: MonitorOptions): MonitorPlan {
  return {
    ports: portOptions(options.port ?? []),
    separation: separationOptions(options.separate ?? []),
    origin: originOf(options),
    workers: workersOf(options),
    quotaBytes: options.quota === undefined ? undefined : sizeOption('--quota', options.quota),
    retention: retentionPolicy(options),
    keyLogPath: options.keylog,
    values: valuesChoice(options),
  };
}

function originOf(options: MonitorOptions): Origin {
  const interfaces = options.interface ?? [];
  const { read, filter } = options;
  if (interfaces.length > 0 === (read !== undefined)) {
    throw wrong('monitor takes either -i INTERFACE or --read');
  }
  if (read === undefined) {
    if (options.speed !== undefined) throw wrong('--speed goes with --read only');
    const backend = BACKENDS.find((name) => name === (options.backend ?? 'auto'));
    if (backend === undefined) throw wrong(`--backend takes ${BACKENDS.join(', ')}`);
    return { kind: 'interfaces', interfaces, backend, filter };
  }
  if ((filter ?? options.backend) !== undefined) {
    throw wrong('--filter and --backend go with -i only');
  }
  const speed = Number(options.speed ?? 1);
  if (!(speed > 0 && speed <= 1e6))
    throw wrong(`--speed ${options.speed ?? ''} is not a number above 0`);
  return { kind: 'file', path: read, speed };
}

/** More than a machine of today has processors. */
const WORKERS_MAX = 256;

function workersOf({ workers = '1', read }: MonitorOptions): number {
  const count = Number(workers);
  if (!Number.isInteger(count) || count < 1 || count > WORKERS_MAX)
    throw wrong(`--workers ${workers} is not a number from 1 to ${WORKERS_MAX}`);
  if (count > 1 && read === '-')
    throw wrong('standard input can be read once only: --workers needs a file');
  return count;
}

function wrong(message: string): MirrorSqlError {
  return new MirrorSqlError('MSQL_CLI_USAGE', message);
}
