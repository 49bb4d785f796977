/** Segments on their way to the disk: bounded, so that a disk that takes nothing does not take the memory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { limits } from '../../src/store/limits.ts';
import type { Segment } from '../../src/store/segment.ts';
import { SegmentSink } from '../../src/store/segment-sink.ts';
import { makeSession, makeStatement } from './synthetic.ts';

const directory = mkdtempSync(join(tmpdir(), 'mirrorsql-sealing-'));
afterAll(() => rmSync(directory, { recursive: true }));

it('says that it is busy when the disk is behind, and is calm again when it has caught up', async () => {
  const sealed: Segment[] = [];
  const sink = new SegmentSink({
    directory,
    describe: () => ({ tables: [], columns: [] }),
    onSealed: (segment) => void sealed.push(segment),
    segmentRowsMax: 1,
  });
  const session = makeSession(1);
  let fed = 0;
  while (!sink.isBusy) sink.statement(makeStatement(session, { sequence: fed++ }));
  expect(sealed).toHaveLength(0);
  await sink.calm();
  expect(sealed.length).toBeGreaterThan(0);
  await sink.settled();
  expect(sink.isBusy).toBe(false);
  expect(sealed).toHaveLength(fed);
  expect(fed).toBe(limits.segmentsSealingMax);
});
