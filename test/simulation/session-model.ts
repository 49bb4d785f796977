/** One connection from its SYN to its end: login, operations, and one of the ways to leave. */
import { client as wire } from '../wire/postgres.ts';
import { ClientModel } from './client-model.ts';
import { Dialogue } from './dialogue.ts';
import { Dice } from './dice.ts';
import type { ExpectedSession } from './expected.ts';
import { LoginModel } from './login-model.ts';
import { ServerModel } from './server-model.ts';
import { Statements } from './statements.ts';
import { operate, type Stage } from './workload.ts';

export interface SessionModel {
  readonly dialogue: Dialogue;
  readonly expected: ExpectedSession;
  /** Of a cancel request: its key is that of the session before it. */
  readonly hits: boolean;
  /** For a person: one line for each write of the client. */
  readonly said: readonly string[];
}

export interface SessionPlan {
  readonly seed: number;
  readonly index: number;
  readonly openedUs: number;
  readonly operations: number;
  readonly without: ReadonlySet<number>;
}

function expectedSession(index: number, dice: Dice): ExpectedSession {
  return {
    statements: [],
    transactions: [],
    texts: new Set(),
    login: 'no',
    user: `user${index}`,
    database: dice.oneIn(3) ? `user${index}` : 'shop',
    application: dice.oneIn(2) ? `till ${index}` : undefined,
    serverVersion: undefined,
    startup: undefined,
    ready: undefined,
    sqlstate: undefined,
    terminated: false,
    endedByServer: false,
    failedByShutDown: false,
  };
}

/** The session, and the connections that its cancel requests came on. */
export function playSession(plan: SessionPlan): SessionModel[] {
  const { seed, index } = plan;
  const dice = new Dice(seed, index, 1);
  const dialogue = new Dialogue(plan.openedUs);
  const expected = expectedSession(index, dice);
  const said: string[] = [];
  const session: SessionModel = { dialogue, expected, hits: false, said };
  const all = [session];
  if (dice.oneIn(40)) {
    dialogue.accepted = dice.pick(['refused', 'silence']);
    return all;
  }
  const login = new LoginModel(dialogue, dice, expected).run();
  dialogue.ending = { how: 'fin', first: dice.pick(['client', 'server']), atUs: login.nowUs };
  const { key } = login;
  if (key === undefined) return all;
  const server = new ServerModel(dialogue, new Dice(seed, index, 2), expected);
  server.nowUs = login.nowUs;
  const client = new ClientModel(dialogue, server, new Dice(seed, index, 3), login.nowUs + 500);
  const cancel = (atUs: number, rightKey: boolean): void => {
    const secret = Buffer.from(key.secret);
    if (!rightKey) secret[0] = (secret[0] ?? 0) ^ 1;
    all.push(cancelRequest(atUs, key.processId, secret, rightKey));
  };
  for (let operation = 0; operation < plan.operations; operation++) {
    if (plan.without.has(operation)) continue;
    dialogue.operation = operation;
    const dice = new Dice(seed, index, 4, operation);
    const statements = new Statements(dice, `q${index}_${operation}`);
    client.said.push(`-- ${operation}`);
    const name = operate({ client, server, statements, dice, cancel });
    client.said.push(`-- ${operation} was ${name}`);
  }
  dialogue.operation = plan.operations;
  const stage = { client, server, cancel, dice: new Dice(seed, index, 5) };
  leave({ ...stage, statements: new Statements(stage.dice, `q${index}_z`) }, dialogue, expected);
  expected.transactions.push(...server.transactions.all);
  said.push(...client.said);
  return all;
}

function cancelRequest(
  atUs: number,
  processId: number,
  secret: Buffer,
  hits: boolean,
): SessionModel {
  const dialogue = new Dialogue(atUs - 500);
  const bytes = wire.cancelRequest(processId, secret);
  const message = dialogue.place('client', 'CancelRequest', bytes.length);
  const doneUs = dialogue.write('client', atUs, bytes, message.start);
  dialogue.ending = { how: 'fin', first: 'server', atUs: doneUs + 300 };
  const expected = { ...expectedSession(0, new Dice(0)), login: 'cancel' as const };
  return { dialogue, expected, hits, said: ['cancel'] };
}

function leave(
  { client, server, statements, dice }: Stage,
  dialogue: Dialogue,
  expected: ExpectedSession,
): void {
  const how = dice.weighted({
    terminate: 8,
    fin: 2,
    reset: 2,
    open: 4,
    unanswered: 3,
    shutDown: 2,
    shutDownDuring: 2,
  });
  client.said.push(`-- leaves: ${how}`);
  const close = (kind: 'fin' | 'reset', first: 'client' | 'server', atUs: number): void => {
    dialogue.ending = { how: kind, first, atUs };
    server.disconnect();
  };
  switch (how) {
    case 'terminate':
      client.send([{ type: 'terminate' }]);
      expected.terminated = true;
      close('fin', 'client', client.nowUs);
      return;
    case 'fin':
    case 'reset':
      close(how, 'client', client.nowUs);
      return;
    case 'open':
      dialogue.ending = { how: 'open', first: 'client', atUs: client.nowUs };
      server.goOn();
      return;
    case 'unanswered': {
      const statement = dice.oneIn(4) ? statements.transaction('commit') : statements.rows(1);
      const [at] = client.send([{ type: 'query', text: statement.text, statements: [statement] }]);
      if (at === undefined) return;
      server.neverAnswered(at, statement);
      close(dice.pick(['reset', 'fin']), 'client', client.nowUs + 5000);
      return;
    }
    case 'shutDown':
      server.nowUs = client.nowUs;
      server.shutDown();
      close('fin', 'server', server.nowUs + 50);
      return;
    case 'shutDownDuring': {
      const statement = statements.rows(3);
      const [at] = client.send([{ type: 'query', text: statement.text, statements: [statement] }]);
      if (at === undefined) return;
      server.nowUs = client.nowUs + 9000;
      server.shutDown({ at, statement });
      close('fin', 'server', server.nowUs + 50);
    }
  }
}
