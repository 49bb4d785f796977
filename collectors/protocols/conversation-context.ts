/** What every protocol's conversation is given by the collector: where events go, and what all connections share. */
import type { EventSink } from '../../src/events/events.ts';
import type { Protocol } from '../../src/events/session.ts';
import type { ClassRegistry } from '../../src/sql/class-registry.ts';
import type { Activity } from '../activity.ts';
import type { Health } from '../health.ts';
import type { Limits } from '../limits.ts';
import type { CancelKeys } from './cancel-keys.ts';
import type { KnownLogins, LearnedStatements } from './learned.ts';
import type { KeyLog } from './tls/key-log.ts';

export interface ConversationContext {
  readonly sink: EventSink;
  readonly health: Health;
  readonly limits: Limits;
  readonly classes: ClassRegistry;
  readonly activity: Activity;
  readonly cancelKeys: CancelKeys;
  readonly learned: LearnedStatements;
  readonly logins: KnownLogins;
  /** Decode the values of parameters. */
  readonly parameters: boolean;
  /** Tell the values of executions to who counts them (StatementEvent.bound). */
  readonly boundValues: boolean;
  /** Bits of Quality that come from how packets are captured: every event carries them. */
  readonly captureQuality: number;
  /** The collector's name, '' without one: two collectors that see one flow give it two ids. */
  readonly collector: string;
  /** Where the keys of TLS connections are looked up. */
  readonly keyLog: KeyLog | undefined;
}

/** What the first bytes of a connection, or of one direction of it, say about a protocol. */
export type Recognition = 'yes' | 'no' | 'more';

export type { Protocol };
