/** Of the sample's hour only the hang of its database, from 09:50:00 to 09:51:05, and what stands around it. */
import type { Window, WindowFacts } from '../../../src/events/facts.ts';
import { EMPTY_FACTS } from '../../analysis/fixtures.ts';
import { EXTENT } from '../../server/sample-hour.ts';
import { sampleFacts } from '../../server/sample-facts.ts';

export function hangFacts(window: Window = EXTENT, given: Partial<WindowFacts> = {}): WindowFacts {
  const { edges, nodeSeconds, healthWindow, ddl, ddlCount } = sampleFacts(window);
  return {
    ...EMPTY_FACTS,
    window,
    extent: EXTENT,
    edges,
    nodeSeconds,
    healthWindow,
    ddl,
    ddlCount,
    ...given,
  };
}
