/**
 * R3, channels: every connection of the window, its state, age, open transaction, last statement and traffic. First
 * those that hold a transaction, oldest first (what a DBA looks for), then by traffic.
 */
import type { ChannelFacts } from '../../src/events/facts.ts';

const LISTED_MAX = 100;

/** The channels in the order in which they matter. */
export function rankedChannels(channels: readonly ChannelFacts[]): ChannelFacts[] {
  return [...channels]
    .sort(
      (a, b) =>
        heldSince(a) - heldSince(b) ||
        traffic(b) - traffic(a) ||
        (a.sessionId < b.sessionId ? -1 : 1),
    )
    .slice(0, LISTED_MAX);
}

/** How long its open transaction had lasted when the channel was last seen; null without one. */
export function transactionAgeUs(channel: ChannelFacts): number | null {
  if (channel.openTransactionSinceUs === null) return null;
  return Math.max(0, channel.lastSeenUs - channel.openTransactionSinceUs);
}

function heldSince(channel: ChannelFacts): number {
  // A finite number, because Infinity - Infinity is no order.
  return channel.openTransactionSinceUs ?? Number.MAX_SAFE_INTEGER;
}

function traffic(channel: ChannelFacts): number {
  return channel.requestBytes + channel.responseBytes;
}
