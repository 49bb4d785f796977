/** What clients do: each operation is a stretch of a session, from one request to the server's last word on it. */
import type { ClientModel } from './client-model.ts';
import type { Dice } from './dice.ts';
import { type Group, INT4_OID, type Request } from './requests.ts';
import type { ServerModel } from './server-model.ts';
import type { Statement, Statements, TransactionAction } from './statements.ts';

export interface Stage {
  readonly client: ClientModel;
  readonly server: ServerModel;
  readonly statements: Statements;
  readonly dice: Dice;
  /** Asks the server, on another connection, to cancel what it does; at this time. */
  cancel(atUs: number, rightKey: boolean): void;
}

const NAMES = ['s1', 's2', 'S 3'] as const;

const query = (text: string, ...statements: Statement[]): Request => ({
  type: 'query',
  text,
  statements,
});
const one = (statement: Statement): Request => query(statement.text, statement);

/** How often each is done. */
const OPERATIONS = {
  simple: 20,
  several: 10,
  extended: 16,
  prepare: 8,
  named: 12,
  pipeline: 12,
  overlapped: 6,
  fetch: 6,
  transaction: 14,
  twoPhase: 2,
  copyIn: 6,
  copyOut: 4,
  cancel: 4,
  functionCall: 2,
  close: 3,
  forget: 3,
  flushed: 4,
  unknownName: 3,
  deferred: 4,
  large: 2,
  empty: 3,
  pause: 2,
} as const;
export type OperationName = keyof typeof OPERATIONS;

const RUN: Readonly<Record<OperationName, (stage: Stage) => void>> = {
  simple: ({ client, statements, dice }) => {
    const statement = statements.any();
    const tail = dice.oneIn(6) ? ' ;' : '';
    client.ask([query(`${statement.text}${tail}`, statement)]);
  },
  several,
  extended: (stage) => {
    const { client, statements, dice } = stage;
    const statement = statements.any(dice.below(3));
    client.ask([...execution(stage, statement, ''), { type: 'sync' }]);
  },
  prepare,
  named: (stage) => {
    const name = stage.dice.pick(NAMES);
    const statement = stage.server.statementOf(name);
    if (statement === undefined) prepare(stage);
    else stage.client.ask([...rerun(stage, statement, name), { type: 'sync' }]);
  },
  pipeline,
  overlapped,
  fetch,
  transaction: ({ client, server, statements, dice }) => {
    const action = dice.weighted<TransactionAction>({
      begin: 10,
      commit: server.transactions.block === 'none' ? 2 : 12,
      rollback: 5,
      savepoint: 4,
      'rollback to': 3,
      release: 2,
      'commit and chain': 2,
      'rollback and chain': 1,
      prepare: 0,
      'commit prepared': 0,
      'rollback prepared': 0,
    });
    const name = dice.pick(['sa', 'sb']);
    client.ask([one(statements.transaction(action, name))]);
  },
  twoPhase: ({ client, statements, dice }) => {
    const name = statements.next();
    client.ask([one(statements.transaction('begin'))]);
    client.ask([one(statements.any())]);
    client.ask([one(statements.transaction('prepare', name))]);
    const how = dice.pick<TransactionAction>(['commit prepared', 'rollback prepared']);
    client.ask([one(statements.transaction(how, name))]);
  },
  copyIn,
  copyOut: (stage) => {
    const { client, statements, dice } = stage;
    const statement = statements.copyOut();
    if (dice.oneIn(3)) client.ask([...execution(stage, statement, ''), { type: 'sync' }]);
    else client.ask([one(statement)]);
  },
  cancel: (stage) => {
    const { client, server, statements, dice } = stage;
    const rightKey = !dice.oneIn(5);
    const takesUs = dice.between(40_000, 3_000_000);
    server.nowUs = Math.max(server.nowUs, client.nowUs) + takesUs;
    server.cancelled = rightKey;
    stage.cancel(client.nowUs + 20_000, rightKey);
    client.ask([one(statements.rows(dice.below(3), 0, 9))]);
    server.cancelled = false;
  },
  functionCall: ({ client }) => {
    client.ask([{ type: 'function' }]);
  },
  close: ({ client, dice }) => {
    client.ask([
      { type: 'close', target: dice.pick(['S', 'P']), name: dice.pick(['s1', 's2', 'p1', '']) },
      { type: 'sync' },
    ]);
  },
  forget: ({ client, statements, dice }) => {
    const kind = dice.weighted({ one: 3, all: 1, discard: 1 });
    if (kind === 'discard') client.ask([one(statements.discard())]);
    else client.ask([one(statements.forget(kind === 'all' ? undefined : dice.pick(['s1', 's2'])))]);
  },
  flushed,
  unknownName: (stage) => {
    const { client, dice } = stage;
    const where = dice.weighted({ bind: 2, execute: 1, describe: 1 });
    const unknown = client.group(undefined, where === 'execute' ? '' : 'nobody', 'nowhere').group;
    const group: Group = where === 'bind' ? { ...unknown, portalName: '' } : unknown;
    const requests: Request[] =
      where === 'bind'
        ? [
            { type: 'bind', group, binary: [] },
            { type: 'execute', group, rowsMax: 0 },
          ]
        : where === 'execute'
          ? [{ type: 'execute', group, rowsMax: 0 }]
          : [{ type: 'describe', target: 'S', group: { ...group, portalName: '' } }];
    client.ask([...requests, { type: 'sync' }]);
  },
  deferred: (stage) => {
    const { client, statements, dice } = stage;
    const insert = statements.write(true, false);
    const before = dice.oneIn(2) ? [statements.rows(1)] : [];
    if (dice.oneIn(2)) {
      const all = [...before, insert];
      client.ask([query(all.map(({ text }) => text).join('; '), ...all)]);
    } else {
      const parts = [...before, insert].flatMap((statement) => execution(stage, statement, ''));
      client.ask([...parts, { type: 'sync' }]);
    }
  },
  large: (stage) => {
    const { client, statements, dice } = stage;
    const statement = statements.rows(dice.between(0, 3), 0, dice.between(1000, 40_000));
    const text = `${statement.text} /* ${'x'.repeat(dice.between(1000, 20_000))} */`;
    client.ask([query(text, statement)]);
  },
  empty: (stage) => {
    const { client, statements, dice } = stage;
    const statement = statements.empty();
    if (dice.oneIn(2)) client.ask([one(statement)]);
    else client.ask([...execution(stage, statement, ''), { type: 'sync' }]);
  },
  pause: ({ client, dice }) => {
    client.nowUs += dice.between(1_000_000, 90_000_000);
  },
};

/** @returns what was done */
export function operate(stage: Stage): OperationName {
  const name = stage.dice.weighted<OperationName>(OPERATIONS);
  RUN[name](stage);
  return name;
}

function several({ client, statements, dice }: Stage): void {
  const list = Array.from({ length: dice.between(2, 5) }, () => {
    if (!dice.oneIn(5)) return statements.any();
    return statements.transaction(
      dice.pick<TransactionAction>([
        'begin',
        'commit',
        'rollback',
        'savepoint',
        'commit and chain',
      ]),
      'sa',
    );
  });
  const separator = dice.pick(['; ', ';', ';;\n', ' ;\n ; ']);
  const text = list.map((statement) => statement.text).join(separator);
  client.ask([query(`${text}${dice.pick(['', ';', ' ; '])}`, ...list)]);
}

/** Parse, Bind, perhaps Describe, Execute. */
function execution(
  { client, dice }: Stage,
  statement: Statement,
  name: string,
  rowsMax = 0,
): Request[] {
  const describes = dice.weighted({ none: 1, portal: 3, statement: 1 });
  // The model's server describes all values as text.
  const { group, binary } = client.group(statement, name, '', describes !== 'statement');
  return [
    { type: 'parse', group, types: binary.map((is) => (is ? INT4_OID : dice.oneIn(2) ? 0 : 25)) },
    ...(describes === 'statement' ? [{ type: 'describe', target: 'S', group } as const] : []),
    { type: 'bind', group, binary },
    ...(describes === 'portal' ? [{ type: 'describe', target: 'P', group } as const] : []),
    { type: 'execute', group, rowsMax },
  ];
}

/** Bind and Execute of what was prepared before. */
function rerun({ client, dice }: Stage, statement: Statement, name: string): Request[] {
  const { group, binary } = client.group(statement, name, '');
  return [
    { type: 'bind', group, binary },
    ...(dice.oneIn(2) ? [{ type: 'describe', target: 'P', group } as const] : []),
    { type: 'execute', group, rowsMax: 0 },
  ];
}

/** Parse of a name, perhaps with Describe, in a round of its own; sometimes of a name that is taken. */
function prepare({ client, server, statements, dice }: Stage): void {
  const name = dice.pick(NAMES);
  const statement = statements.any(dice.below(3));
  const requests: Request[] = [];
  if (server.statementOf(name) !== undefined && !dice.oneIn(4))
    requests.push({ type: 'close', target: 'S', name });
  const { group, binary } = client.group(statement, name, '');
  requests.push({ type: 'parse', group, types: binary.map(() => 25) });
  if (dice.oneIn(2)) requests.push({ type: 'describe', target: 'S', group });
  client.ask([...requests, { type: 'sync' }]);
}

/** Several executions before one Sync; or with one here and there, all in flight at once. */
function pipeline(stage: Stage): void {
  const { client, server, statements, dice } = stage;
  const requests: Request[] = [];
  const count = dice.between(2, 6);
  const named = new Set<string>();
  for (let index = 0; index < count; index++) {
    const name = dice.pick(['', '', '', ...NAMES]);
    const known = named.has(name) ? undefined : server.statementOf(name);
    if (name !== '' && known !== undefined) requests.push(...rerun(stage, known, name));
    else if (name !== '' && !named.has(name)) {
      named.add(name);
      requests.push(...execution(stage, statements.any(dice.below(2)), name));
    } else if (dice.oneIn(8)) {
      const action = dice.pick<TransactionAction>(['begin', 'commit', 'rollback']);
      requests.push(...execution(stage, statements.transaction(action), ''));
    } else requests.push(...execution(stage, statements.any(dice.below(2)), ''));
    if (dice.oneIn(4)) requests.push({ type: 'sync' });
  }
  client.ask([...requests, { type: 'sync' }]);
}

/** Rounds that do not wait for each other, each in a write of its own. */
function overlapped(stage: Stage): void {
  const { client, statements, dice } = stage;
  for (let count = dice.between(2, 5); count > 0; count--) {
    if (dice.oneIn(2)) client.ask([one(statements.any())], false);
    else client.ask([...execution(stage, statements.any(), ''), { type: 'sync' }], false);
  }
  client.think();
}

/** A portal that is fetched from in parts: before one Sync, or over several rounds of a transaction. */
function fetch(stage: Stage): void {
  const { client, server, statements, dice } = stage;
  const count = dice.between(0, 9);
  const rowsMax = dice.between(1, 4);
  const statement = statements.rows(count, 0, 5);
  const portal = dice.pick(['', 'p1']);
  const first = client.group(statement, '', portal).group;
  const opening: Request[] = [
    { type: 'parse', group: first, types: [] },
    { type: 'bind', group: first, binary: [] },
    { type: 'execute', group: first, rowsMax },
  ];
  const again = (limit: number): Request => {
    const { group } = client.group(statement, '', portal);
    return { type: 'execute', group, rowsMax: limit };
  };
  if (dice.oneIn(2)) {
    const more = Math.floor(count / rowsMax);
    const parts = Array.from({ length: dice.between(0, more) }, () => again(rowsMax));
    const closes: Request[] = dice.oneIn(3) ? [{ type: 'close', target: 'P', name: portal }] : [];
    client.ask([...opening, ...parts, ...closes, { type: 'sync' }]);
    return;
  }
  if (server.transactions.block === 'none') client.ask([one(statements.transaction('begin'))]);
  client.ask([...opening, { type: 'sync' }]);
  while (server.suspended(portal) && !dice.oneIn(4)) {
    if (portal !== '' && dice.oneIn(3)) client.ask([one(statements.rows(1))]);
    client.ask([again(dice.oneIn(3) ? 0 : rowsMax), { type: 'sync' }]);
  }
  if (dice.oneIn(3)) client.ask([{ type: 'close', target: 'P', name: portal }, { type: 'sync' }]);
  if (dice.oneIn(2)) client.ask([one(statements.transaction(dice.pick(['commit', 'rollback'])))]);
}

/** Data to the server, which may have enough of it at any time, and whose client may as well. */
function copyIn(stage: Stage): void {
  const { client, server, statements, dice } = stage;
  const statement = statements.copyIn();
  const extended = dice.oneIn(3);
  const impatient = dice.oneIn(3);
  const asked = extended
    ? [...execution(stage, statement, ''), ...(dice.oneIn(2) ? [{ type: 'sync' } as const] : [])]
    : [one(statement)];
  client.ask(asked, !impatient);
  const open = server.copying;
  const data = (): Request => ({ type: 'copy data', text: `${'d'.repeat(dice.between(1, 60))}\n` });
  if (open || impatient) {
    for (let writes = dice.below(4); writes > 0; writes--)
      client.ask(Array.from({ length: dice.between(1, 5) }, data), false);
    const end: Request = dice.oneIn(5)
      ? { type: 'copy fail', reason: 'no more' }
      : { type: 'copy done' };
    client.ask(extended ? [end, { type: 'sync' }] : [end]);
  } else if (extended && asked.at(-1)?.type !== 'sync') client.ask([{ type: 'sync' }]);
}

/** Steps one by one, each waited for: Parse and Flush, then the rest. */
function flushed(stage: Stage): void {
  const { client, statements, dice } = stage;
  const statement = statements.any(dice.below(2));
  const { group, binary } = client.group(statement, '', '');
  const known = statement.effect;
  const fails = known.kind === 'failure' && known.at !== 'run';
  client.ask([{ type: 'parse', group, types: binary.map(() => 25) }, { type: 'flush' }]);
  if (!fails && stage.server.transactions.block !== 'failed')
    client.ask([
      { type: 'bind', group, binary },
      { type: 'execute', group, rowsMax: 0 },
      ...(dice.oneIn(2) ? [{ type: 'flush' } as const] : []),
    ]);
  client.ask([{ type: 'sync' }]);
}
