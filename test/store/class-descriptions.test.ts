import { afterAll, beforeAll, expect, it } from 'vitest';
import { ClassDescriptions } from '../../src/store/questions/class-descriptions.ts';
import type { Store } from '../../src/store/store.ts';
import { makeClass, makeSession, makeStatement } from './synthetic.ts';
import { fillStore, temporaryStore, type TemporaryStore } from './temporary-store.ts';

const known = makeClass(1);
const also = makeClass(2);
const unknown = 'feedfeedfeedfeed';

let temporary: TemporaryStore;
beforeAll(async () => {
  temporary = await temporaryStore();
  await fillStore(temporary, (sink) => {
    const session = makeSession(1);
    for (const statementClass of [known, also])
      sink.statement(makeStatement(session, { tsUs: 1_790_000_000_000_000, statementClass }));
  });
});
afterAll(() => temporary.remove());

/** The store, and what it was asked. */
function heard(): { store: Store; questions: string[][] } {
  const questions: string[][] = [];
  const { client } = temporary.store;
  const query: typeof client.query = (parameters) => {
    questions.push(parameters.query_params?.['fingerprints'] as string[]);
    return client.query(parameters);
  };
  return { store: { ...temporary.store, client: { ...client, query } }, questions };
}

it('tells what fingerprints stand for, and nothing of what is not known or is no fingerprint', async () => {
  const described = await new ClassDescriptions(temporary.store).of([
    known.fingerprint,
    unknown,
    '',
    '\0'.repeat(16),
  ]);
  expect(described(known.fingerprint)).toMatchObject({
    normalized: known.normalized,
    command: known.command,
    kind: known.kind,
  });
  for (const other of [unknown, '', '\0'.repeat(16)])
    expect(described(other)).toEqual({
      normalized: '',
      command: '',
      kind: '',
      tables: [],
      projectionColumns: [],
      predicateColumns: [],
      leadingWildcard: false,
    });
});

it('asks once for what many want, after those who want most, and never for the same again', async () => {
  const { store, questions } = heard();
  let settle = (): void => undefined;
  const first = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const descriptions = new ClassDescriptions(store, first);
  const early = descriptions.of([known.fingerprint, unknown]);
  const texts = descriptions.texts([also.fingerprint, known.fingerprint, also.fingerprint]);
  expect(questions).toEqual([]);
  settle();
  await early;
  expect((await texts).map(({ fingerprint }) => fingerprint)).toEqual(
    [known.fingerprint, also.fingerprint].sort(),
  );
  await descriptions.of([unknown, also.fingerprint]);
  expect(questions.map((asked) => [...asked].sort())).toEqual([
    [known.fingerprint, also.fingerprint, unknown].sort(),
  ]);
});

it('still asks when the first question failed', async () => {
  const failed = Promise.reject(new Error('the store went away'));
  const described = await new ClassDescriptions(temporary.store, failed).of([known.fingerprint]);
  expect(described(known.fingerprint).normalized).toBe(known.normalized);
});

it('asks for thousands, which makes a long address', async () => {
  const { store, questions } = heard();
  const many = Array.from({ length: 7_000 }, (_, index) => index.toString(16).padStart(16, '0'));
  const described = await new ClassDescriptions(store).of([...many, known.fingerprint]);
  expect(questions.map(({ length }) => length)).toEqual([5_000, 2_001]);
  expect(described(known.fingerprint).normalized).toBe(known.normalized);
});
