/**
 * One simulated capture: sessions, their packets, what befalls them, the whole collector, and what the checkers have
 * against the events. Everything follows from the plan, and the plan from its seed.
 */
import { createHash } from 'node:crypto';
import { play, type RecordingSink } from '../collectors/recording-sink.ts';
import { Coverage, type Coverages, headerBytes } from './capture.ts';
import { checkAccounts } from './check-accounts.ts';
import { checkLossy } from './check-lossy.ts';
import { checkWhole } from './check-whole.ts';
import { Dice } from './dice.ts';
import { FaultInjector, faultsOf, isWhole } from './faults.ts';
import { addressingOf, onTheWire, type Packet, packetsOf } from './packets.ts';
import type { Plan, Scene } from './scene.ts';
import { playSession } from './session-model.ts';

export interface Outcome {
  readonly complaints: readonly string[];
  readonly faultsDone: readonly string[];
  readonly scene: Scene;
  /** Of everything that was told. */
  readonly hash: string;
}

/** 2026-01-01T00:00:00Z. */
const START_US = 1_767_225_600_000_000;

export function planOf(seed: number): Plan {
  const dice = new Dice(seed, 10);
  return {
    seed,
    sessions: Array.from({ length: dice.between(1, 4) }, (_, index) => index),
    operations: dice.between(1, 14),
    without: new Set(),
    faults: faultsOf(seed),
    spared: new Set(),
  };
}

export function simulate(plan: Plan): Outcome {
  const { seed, faults } = plan;
  const sessions = plan.sessions.flatMap((index) =>
    playSession({
      seed,
      index,
      openedUs: START_US + new Dice(seed, 11, index).below(3_000_000),
      operations: plan.operations,
      without: operationsOf(plan, index),
    }),
  );
  const packets = sessions
    .flatMap((session, connection) => packetsOf(session, connection, seed, faults.cut))
    .sort((a, b) => a.atUs - b.atUs || a.connection - b.connection || a.number - b.number);
  const injector = new FaultInjector(faults, seed, plan.spared);
  const captured = injector.apply(packets);
  const snapLength = faults.snapLength === 0 ? Number.POSITIVE_INFINITY : faults.snapLength;
  const wire = captured.map((packet) =>
    onTheWire(packet, addressingOf(seed, packet.connection), snapLength),
  );
  const { told, summary } = play(wire, { parameters: true });
  const coverages = sessions.map((_, connection) =>
    coverageOf(captured, connection, addressingOf(seed, connection).version, snapLength),
  );
  const timed = isWhole(faults) && !faults.reorder;
  const scene: Scene = { plan, sessions, coverages, timed, told, summary };
  const complaints = [
    ...checkAccounts(scene),
    ...(isWhole(faults) ? checkWhole(scene) : checkLossy(scene)),
  ];
  return { complaints, faultsDone: injector.done, scene, hash: hashOf(told) };
}

function operationsOf(plan: Plan, session: number): Set<number> {
  const prefix = `${session}/`;
  return new Set(
    [...plan.without]
      .filter((name) => name.startsWith(prefix))
      .map((name) => Number(name.slice(prefix.length))),
  );
}

function coverageOf(
  packets: readonly Packet[],
  connection: number,
  version: 4 | 6,
  snapLength: number,
): Coverages {
  const coverages = { client: new Coverage(), server: new Coverage() };
  for (const packet of packets) {
    if (packet.connection !== connection) continue;
    const own = coverages[packet.side];
    const { start, payload, atUs } = packet;
    const room = Math.max(0, snapLength - headerBytes(packet, version));
    if (start < 0) own.synchronised = true;
    if ((packet.flags & 1) !== 0) own.finished = true;
    own.add(start, start + Math.min(payload.length, room), atUs, packet.repeats === true);
    const other = coverages[packet.side === 'client' ? 'server' : 'client'];
    if (payload.length > 0) other.acknowledged = Math.max(other.acknowledged, packet.acknowledged);
  }
  return coverages;
}

function hashOf(told: RecordingSink): string {
  const { statements, transactions, sessions } = told;
  const text = JSON.stringify([statements, transactions, sessions]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
