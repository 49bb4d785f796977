import { expect, it } from 'vitest';
import { type LoadOutcome, loadText } from '../../src/cli/load-text.ts';

const KNOWN: LoadOutcome = {
  file: 'x.pcap',
  summary: undefined,
  counts: {
    stored: {},
    known: { events: 1_234, sessions: 5 },
    segmentsStored: 0,
    segmentsKnown: 2,
    knownSinceSeconds: 1_790_000_000,
  },
  doubledConnections: 0,
  retired: [],
  failure: undefined,
  segmentsWaiting: 0,
  directory: '/d',
};

it('says of a capture that was there since when, and what retention has dropped of it', () => {
  expect(loadText(KNOWN)).toMatch(/not doubled +was in the store already \(since 2026-09-21T/);
  expect(loadText(KNOWN)).not.toMatch(/retention/);
  expect(loadText({ ...KNOWN, retired: ['events', 'sessions'] })).toMatch(
    /dropped +retention has dropped it from events, sessions since, and it is not stored again/,
  );
});

it('says that the store holds the same connections of another capture', () => {
  expect(loadText(KNOWN)).not.toMatch(/doubled +\d/);
  expect(loadText({ ...KNOWN, doubledConnections: 1_026 })).toMatch(
    /doubled +1,026 connections are stored from another capture of this time as well: .*--data DIR/,
  );
});
