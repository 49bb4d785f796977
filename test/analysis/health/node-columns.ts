/** Seconds that a test wrote one by one, as the store answers them. */
import type { NodeSecond } from '../../../src/events/health.ts';
import {
  emptyNodeSeconds,
  type NodeSeconds,
  SECOND_COLUMNS,
} from '../../../src/events/node-seconds.ts';
import { nodeKey } from '../../../src/events/seasons.ts';
import { grouped } from '../../../analysis/share.ts';

/** Nodes as they come, each with its seconds, which must be in order of time. */
export function nodeSecondsOf(seconds: readonly NodeSecond[]): NodeSeconds[] {
  return [...grouped(seconds, nodeKey).values()].map((own) => {
    const { node = '', role = 'server' } = own[0] ?? {};
    const { columns, ...rest } = emptyNodeSeconds(node, role, own.length);
    for (const name of SECOND_COLUMNS)
      for (const [row, second] of own.entries()) columns[name][row] = second[name];
    return { ...rest, columns };
  });
}
