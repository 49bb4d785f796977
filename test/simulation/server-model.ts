/**
 * A model of a PostgreSQL server's side of one session, after the manual (Protocol: Message Flow) and what was measured
 * on real servers: takes requests, answers them in bytes, and writes down what each statement came to. It knows nothing
 * of the decoder. Time is the simulation's own.
 */
import { server } from '../wire/postgres.ts';
import type { Dialogue, Message } from './dialogue.ts';
import type { Dice } from './dice.ts';
import type { ExpectedSession, ExpectedStatement, Status, Work } from './expected.ts';
import type { Group, Request } from './requests.ts';
import type { Effect, Statement } from './statements.ts';
import { type Failure, TransactionModel } from './transaction-model.ts';

interface Portal {
  readonly statement: Statement;
  /** Rows that are still to be sent. */
  left: number;
  /** What was told of it so far, when a row limit left it open. */
  open: ExpectedStatement | undefined;
}

/** What running a statement came to. */
interface Run {
  readonly first: Message;
  readonly last: Message;
  failure?: Failure;
  suspended?: boolean;
}

type Asked = Request & { readonly at: Message };

const FLUSH_BYTES = 8192;
const SHUTDOWN = {
  sqlstate: '57P01',
  message: 'terminating connection due to administrator command',
};

export class ServerModel {
  readonly expected: ExpectedSession;
  readonly transactions = new TransactionModel();
  nowUs = 0;
  /** Of the next statement that runs: it is asked to stop, and does. */
  cancelled = false;
  readonly #dialogue: Dialogue;
  readonly #dice: Dice;
  readonly #prepared = new Map<string, Statement>();
  readonly #portals = new Map<string, Portal>();
  /**
   * Portals that were open when a block with savepoints failed: ROLLBACK TO brings those back that are older than its
   * savepoint (manual: ROLLBACK TO SAVEPOINT). No client here fetches from them again; one that is not seen may.
   */
  readonly #mayComeBack = new Map<string, ExpectedStatement>();
  #skipping = false;
  #failedGroup: Group | undefined = undefined;
  /** Waits for data of a COPY. */
  #copying: Generator<undefined, void, Asked> | undefined = undefined;
  #buffer: Buffer[] = [];
  #bufferStart = 0;
  #bufferedBytes = 0;
  #last: Message | undefined = undefined;
  #lastAnswer: Message | undefined = undefined;
  #answerBytes = 0;
  #round: ExpectedStatement | undefined = undefined;

  constructor(dialogue: Dialogue, dice: Dice, expected: ExpectedSession) {
    this.#dialogue = dialogue;
    this.#dice = dice;
    this.expected = expected;
  }

  /** It waits for the data of a COPY. */
  get copying(): boolean {
    return this.#copying !== undefined;
  }

  /** The portal was left open by a row limit. */
  suspended(portal: string): boolean {
    return this.#portals.get(portal)?.open !== undefined;
  }

  statementOf(name: string): Statement | undefined {
    return this.#prepared.get(name);
  }

  /** Takes a request that has arrived; what it answers is on its way when this returns. */
  receive(request: Request, at: Message, arrivedUs: number): void {
    this.nowUs = Math.max(this.nowUs, arrivedUs) + this.#dice.between(20, 900);
    const asked: Asked = { ...request, at };
    if (this.#copying !== undefined) {
      if (this.#copying.next(asked).done === true) this.#copying = undefined;
      return;
    }
    if (request.type === 'terminate') return;
    if (this.#skipping && request.type !== 'sync') {
      this.#skip(asked);
      return;
    }
    const work = this.#work(asked);
    if (work.next().done !== true) this.#copying = work;
  }

  /** Says something that nobody asked for. */
  async(): void {
    const dice = this.#dice;
    const kind = dice.weighted({ notice: 3, notification: 1, parameter: 1 });
    if (kind === 'notice') this.emit('notice', server.notice('01000', 'm'.repeat(dice.below(60))));
    else if (kind === 'notification')
      this.emit('notification', server.notification('news', 'p'.repeat(dice.below(40))));
    else this.emit('parameter', server.parameterStatus('TimeZone', 'UTC'));
  }

  emit(label: string, bytes: Buffer): Message {
    const message = this.#dialogue.place('server', label, bytes.length);
    if (this.#buffer.length === 0) this.#bufferStart = message.start;
    this.#buffer.push(bytes);
    this.#bufferedBytes += bytes.length;
    this.#answerBytes += bytes.length;
    this.#last = message;
    if (this.#bufferedBytes >= FLUSH_BYTES) this.flush();
    return message;
  }

  flush(): void {
    if (this.#buffer.length === 0) return;
    this.nowUs = this.#dialogue.write(
      'server',
      this.nowUs,
      Buffer.concat(this.#buffer),
      this.#bufferStart,
    );
    this.#buffer = [];
    this.#bufferedBytes = 0;
  }

  ready(): Message {
    const { transactions } = this;
    if (this.#dice.oneIn(15)) this.async();
    const before = this.#last;
    const status = transactions.status;
    const message = this.emit('ReadyForQuery', server.ready(status));
    transactions.settle(before ?? message, message);
    this.#answerBytes = 0;
    if (this.#round !== undefined) {
      this.#round.transactionStatus = status;
      this.#round.closesRound = true;
      this.#round = undefined;
    }
    if (status === 'I') this.#closePortals();
    this.flush();
    return message;
  }

  /** An administrator ends the session; a query that it works on has failed with it. */
  shutDown(during?: { readonly at: Message; readonly statement: Statement }): void {
    if (during !== undefined) {
      this.transactions.start(during.at);
    }
    const { sqlstate, message } = SHUTDOWN;
    const told =
      during === undefined
        ? undefined
        : this.#tellText(during.at, during.statement.text, during.statement, 'error');
    const fatal = this.emit(
      'ErrorResponse',
      server.error(sqlstate, { severity: 'FATAL', message }),
    );
    if (told !== undefined && during !== undefined) {
      this.expected.failedByShutDown = true;
      told.sqlstate = sqlstate;
      told.message = message;
      this.#finish(told, during.at, { first: fatal, last: fatal });
    }
    this.expected.endedByServer = true;
    this.flush();
  }

  /** A request that the connection does not live to see answered. */
  neverAnswered(at: Message, statement: Statement): void {
    const { transactions } = this;
    const { effect } = statement;
    this.#tellText(at, statement.text, statement, 'unanswered').transaction = undefined;
    const settled = transactions.block !== 'explicit' || effect.kind === 'transaction';
    // A server that works on an autocommitted statement or a COMMIT finishes it although nobody listens.
    if (settled && transactions.block !== 'failed') transactions.forget();
    else if (transactions.current !== undefined && effect.kind !== 'transaction')
      transactions.current.statements++;
  }

  /** The capture ends, and the connection does not: what is fetched later from open portals is not seen. */
  goOn(): void {
    this.transactions.forget();
    for (const { open } of this.#portals.values()) if (open !== undefined) open.goesOn = true;
    for (const open of this.#mayComeBack.values()) open.goesOn = true;
  }

  /** The connection ends without a further word. */
  disconnect(): void {
    this.transactions.disconnect();
  }

  *#work(asked: Asked): Generator<undefined, void, Asked> {
    switch (asked.type) {
      case 'query':
        yield* this.#query(asked.at, asked.text, asked.statements);
        return;
      case 'parse':
        this.#parse(asked.at, asked.group);
        return;
      case 'bind':
        this.#bind(asked.at, asked.group);
        return;
      case 'describe':
        this.#describe(asked.at, asked.target, asked.group);
        return;
      case 'execute':
        yield* this.#execute(asked.at, asked.group, asked.rowsMax);
        return;
      case 'close':
        if (asked.target === 'S') this.#prepared.delete(asked.name);
        else this.#closePortal(asked.name);
        this.emit('CloseComplete', server.closeComplete());
        return;
      case 'flush':
        this.flush();
        return;
      case 'sync':
        this.#sync();
        return;
      case 'function':
        this.#function(asked.at);
        return;
      case 'terminate':
      case 'copy data':
      case 'copy done':
      case 'copy fail':
        return; // Late data of a COPY that has failed.
    }
  }

  #sync(): void {
    this.#skipping = false;
    this.#failedGroup = undefined;
    const before = this.#last;
    const failure = this.transactions.finishImplicit();
    if (failure !== undefined) this.#failAtSync(failure);
    else if (before !== undefined && this.transactions.block === 'none') this.#closePortals();
    this.ready();
  }

  /** The commit at the end of a pipeline fails: its last statement did not succeed after all. */
  #failAtSync(failure: Failure): void {
    const message = this.#error(failure);
    const { statements } = this.expected;
    const last = statements.findLast(
      ({ status, command }) => status !== 'skipped' && command !== 'FUNCTION CALL',
    );
    if (last === undefined) throw new Error('nothing can have failed');
    last.status = 'error';
    last.sqlstate = failure.sqlstate;
    last.message = failure.message;
    if (last.transaction !== undefined) last.transaction.rowsAffected -= last.rowsAffected ?? 0;
    last.rowsAffected = undefined;
    last.responseBytes = undefined;
    const work = last.work.pop();
    if (work !== undefined) last.work.push({ ...work, last: message });
    this.#lastAnswer = message;
  }

  #skip(asked: Asked): void {
    if (asked.type === 'execute') {
      if (asked.group === this.#failedGroup) return;
      this.#tell(asked.at, asked.group, 'skipped');
    } else if (asked.type === 'query') {
      this.#tellText(asked.at, asked.text, asked.statements[0], 'skipped');
    } else if (asked.type === 'function') {
      this.#tellFunction(asked.at, 'skipped');
    }
  }

  *#query(
    at: Message,
    text: string,
    statements: readonly Statement[],
  ): Generator<undefined, void, Asked> {
    const { transactions } = this;
    transactions.start(at);
    this.#prepared.delete('');
    this.#closePortal('');
    const syntax = statements.find(
      ({ effect }) => effect.kind === 'failure' && effect.at === 'syntax',
    );
    if (syntax?.effect.kind === 'failure') {
      const told = this.#tellText(at, text, statements[0], 'ok');
      this.#fails(told, at, syntax.effect);
      this.ready();
      return;
    }
    for (const [index, statement] of statements.entries()) {
      const own = statements.length === 1 ? text : statement.text;
      transactions.start(at);
      const told = this.#tellText(at, own, statement, 'ok', index);
      const last = index === statements.length - 1;
      yield* this.#statement(told, at, statement, last, statements.length === 1);
      if (told.status !== 'ok') {
        for (const rest of statements.slice(index + 1))
          this.#tellText(at, rest.text, rest, 'skipped', 1);
        break;
      }
    }
    this.ready();
  }

  /** One statement of a simple query, with its commit when it is the last. */
  *#statement(
    told: ExpectedStatement,
    at: Message,
    statement: Statement,
    last: boolean,
    alone: boolean,
  ): Generator<undefined, void, Asked> {
    const { transactions } = this;
    const { effect } = statement;
    if (effect.kind === 'empty') {
      const message = this.emit('EmptyQueryResponse', server.empty());
      this.#finish(told, at, { first: message, last: message });
      transactions.finishImplicit();
      return;
    }
    const run = yield* this.#run(told, statement, true, alone, () =>
      last ? transactions.finishImplicit() : undefined,
    );
    this.#finish(told, at, run);
  }

  #parse(at: Message, group: Group): void {
    const { transactions } = this;
    const { statement, statementName: name } = group;
    if (statement === undefined) throw new Error('a Parse has a statement');
    transactions.start(at);
    const { effect } = statement;
    const failure: Failure | undefined =
      effect.kind === 'failure' && effect.at === 'syntax'
        ? effect
        : ((effect.kind === 'empty' ? undefined : this.#refusedInFailedBlock(effect)) ??
          (effect.kind === 'failure' && effect.at === 'analysis'
            ? effect
            : name !== '' && this.#prepared.has(name)
              ? { sqlstate: '42P05', message: `prepared statement "${name}" already exists` }
              : undefined));
    if (failure !== undefined) {
      if (name === '') this.#prepared.delete('');
      this.#failGroup(at, group, failure);
      return;
    }
    this.#prepared.set(name, statement);
    this.emit('ParseComplete', server.parseComplete());
  }

  #bind(at: Message, group: Group): void {
    const { transactions } = this;
    const statement = this.#prepared.get(group.statementName);
    if (statement === undefined) {
      this.#failGroup(at, group, {
        sqlstate: '26000',
        message: `prepared statement "${group.statementName}" does not exist`,
      });
      return;
    }
    transactions.start(at);
    const portal = group.portalName;
    const failure =
      this.#refusedInFailedBlock(statement.effect) ??
      (portal !== '' && this.#portals.has(portal)
        ? { sqlstate: '42P03', message: `cursor "${portal}" already exists` }
        : undefined);
    if (failure !== undefined) {
      this.#failGroup(at, group, failure);
      return;
    }
    this.#closePortal(portal);
    const { effect } = statement;
    const left = effect.kind === 'rows' ? effect.count : 0;
    this.#portals.set(portal, { statement, left, open: undefined });
    this.emit('BindComplete', server.bindComplete());
  }

  #describe(at: Message, target: 'S' | 'P', group: Group): void {
    this.transactions.start(at);
    const statement =
      target === 'S'
        ? this.#prepared.get(group.statementName)
        : this.#portals.get(group.portalName)?.statement;
    if (statement === undefined) {
      const [sqlstate, what, name] =
        target === 'S'
          ? ['26000', 'prepared statement', group.statementName]
          : ['34000', 'portal', group.portalName];
      this.#failGroup(at, group, { sqlstate, message: `${what} "${name}" does not exist` });
      return;
    }
    if (target === 'S') {
      const types = Array.from({ length: statement.parameters }, () => 25);
      this.emit('ParameterDescription', server.parameterDescription(...types));
    }
    const { effect } = statement;
    const rows = effect.kind === 'rows' || (effect.kind === 'write' && effect.returning);
    if (rows || effect.kind === 'failure')
      this.emit('RowDescription', server.rowDescription('a', 'b'));
    else this.emit('NoData', server.noData());
  }

  *#execute(at: Message, group: Group, rowsMax: number): Generator<undefined, void, Asked> {
    const { transactions } = this;
    const portal = this.#portals.get(group.portalName);
    if (portal === undefined) {
      this.#failGroup(at, group, {
        sqlstate: '34000',
        message: `portal "${group.portalName}" does not exist`,
      });
      return;
    }
    transactions.start(at);
    const told = portal.open ?? this.#tell(at, group, 'ok', rowsMax > 0);
    const { statement } = portal;
    const { effect } = statement;
    if (effect.kind === 'empty') {
      const message = this.emit('EmptyQueryResponse', server.empty());
      this.#finish(told, at, { first: message, last: message });
      return;
    }
    if (effect.kind === 'rows' && this.#refusedInFailedBlock(effect) === undefined) {
      this.#finish(told, at, this.#fetch(told, portal, effect, rowsMax));
      this.#chatter();
      return;
    }
    const run = yield* this.#run(told, statement, false, true, () => undefined);
    this.#finish(told, at, run);
    if (run.failure !== undefined) {
      this.#skipping = true;
      this.#failedGroup = group;
    }
  }

  /** Rows of a portal, up to a limit. */
  #fetch(
    told: ExpectedStatement,
    portal: Portal,
    effect: Effect & { kind: 'rows' },
    rowsMax: number,
  ): Run {
    const count = rowsMax === 0 ? portal.left : Math.min(rowsMax, portal.left);
    const first = this.#rows(count, effect.width);
    portal.left -= count;
    told.rowsReturned = (told.rowsReturned ?? 0) + count;
    // A limit that is reached suspends the portal even when no row is left.
    const suspended = rowsMax > 0 && count === rowsMax;
    const last = suspended
      ? this.emit('PortalSuspended', server.portalSuspended())
      : this.emit('CommandComplete', server.complete(`${effect.tag} ${count}`));
    portal.open = suspended ? told : undefined;
    return { first: first ?? last, last, suspended };
  }

  /** A server may say things between two answers, and in the midst of one. */
  #chatter(): void {
    if (this.#dice.oneIn(12)) this.async();
  }

  #rows(count: number, width: number): Message | undefined {
    let first: Message | undefined;
    for (let row = 0; row < count; row++) {
      const message = this.emit(
        'DataRow',
        server.row('v'.repeat(width), this.#dice.oneIn(5) ? null : '7'),
      );
      first ??= message;
    }
    return first;
  }

  #refusedInFailedBlock(effect: Effect): Failure | undefined {
    if (this.transactions.block !== 'failed') return undefined;
    if (effect.kind === 'transaction' && EXITS.has(effect.action)) return undefined;
    return {
      sqlstate: '25P02',
      message: 'current transaction is aborted, commands ignored until end of transaction block',
    };
  }

  /** Runs what is no portal's further part; emits all of its answer. */
  *#run(
    told: ExpectedStatement,
    statement: Statement,
    simple: boolean,
    alone: boolean,
    commit: () => Failure | undefined,
  ): Generator<undefined, Run, Asked> {
    const { effect } = statement;
    const refused = this.#refusedInFailedBlock(effect);
    if (refused !== undefined) return this.#failRun(told, undefined, refused);
    if (effect.kind === 'transaction') return this.#transactionCommand(told, effect, alone);
    if (effect.kind === 'copy in') return yield* this.#copyIn(told, commit);
    const first = this.#result(told, effect, simple, alone);
    if ('sqlstate' in first) return this.#failRun(told, first.begun, first);
    if (this.cancelled) {
      this.cancelled = false;
      told.status = 'cancelled';
      const failure = { sqlstate: '57014', message: 'canceling statement due to user request' };
      return this.#failRun(told, first.begun, failure);
    }
    const failure = commit();
    if (failure !== undefined) return this.#failRun(told, first.begun, failure);
    const last = this.emit('CommandComplete', server.complete(first.tag));
    return { first: first.begun ?? last, last };
  }

  /** Everything that comes before the tag. */
  #result(
    told: ExpectedStatement,
    effect: Effect,
    simple: boolean,
    alone: boolean,
  ): { begun: Message | undefined; tag: string } | (Failure & { begun: Message | undefined }) {
    this.#chatter();
    const description = (): Message | undefined =>
      simple ? this.emit('RowDescription', server.rowDescription('a', 'b')) : undefined;
    switch (effect.kind) {
      case 'rows': {
        const begun = description();
        const rows = this.#rows(effect.count, effect.width);
        told.rowsReturned = effect.count;
        return { begun: begun ?? rows, tag: `${effect.tag} ${effect.count}` };
      }
      case 'write':
        return this.#write(told, effect, description);
      case 'utility':
        return { begun: undefined, tag: effect.tag };
      case 'created':
        told.rowsReturned = 0;
        told.rowsAffected = effect.count > 0 ? effect.count : undefined;
        return { begun: undefined, tag: `SELECT ${effect.count}` };
      case 'copy out':
        return this.#copyOut(told, effect.count, effect.width);
      case 'failure': {
        const begun = effect.at === 'run' ? description() : undefined;
        const rows = effect.at === 'run' ? this.#rows(effect.rows, 8) : undefined;
        if (begun !== undefined || rows !== undefined) told.rowsReturned = effect.rows;
        return { begun: begun ?? rows, sqlstate: effect.sqlstate, message: effect.message };
      }
      case 'forget':
        return this.#forget(effect, alone);
      case 'transaction':
      case 'copy in':
      case 'empty':
        throw new Error(`${effect.kind} is run elsewhere`);
    }
  }

  #write(
    told: ExpectedStatement,
    effect: Effect & { kind: 'write' },
    description: () => Message | undefined,
  ): { begun: Message | undefined; tag: string } {
    let begun: Message | undefined;
    if (effect.returning) {
      begun = description();
      begun = [begun, this.#rows(effect.count, 6)].find((message) => message !== undefined);
      if (begun !== undefined) told.rowsReturned = effect.count;
    }
    if (effect.deferred) this.transactions.defer();
    told.rowsAffected = effect.count;
    const oid = effect.verb === 'INSERT' ? ' 0' : '';
    return { begun, tag: `${effect.verb}${oid} ${effect.count}` };
  }

  #copyOut(told: ExpectedStatement, count: number, width: number): { begun: Message; tag: string } {
    const begun = this.emit('CopyOutResponse', server.copyOut());
    const line = `${'c'.repeat(width)}\n`;
    for (let row = 0; row < count; row++) this.emit('CopyData', server.copyData(line));
    this.emit('CopyDone', server.copyDone());
    told.copyBytes = count * line.length;
    told.copyRows = count;
    told.rowsReturned = count;
    return { begun, tag: `COPY ${count}` };
  }

  #forget(
    effect: Effect & { kind: 'forget' },
    alone: boolean,
  ): { begun: undefined; tag: string } | (Failure & { begun: undefined }) {
    const { name, discard } = effect;
    const begun = undefined;
    if (discard && (this.transactions.block !== 'none' || !alone))
      return {
        begun,
        sqlstate: '25001',
        message: 'DISCARD ALL cannot run inside a transaction block',
      };
    if (name === undefined) {
      this.#prepared.clear();
      return { begun, tag: discard ? 'DISCARD ALL' : 'DEALLOCATE ALL' };
    }
    if (!this.#prepared.delete(name))
      return { begun, sqlstate: '26000', message: `prepared statement "${name}" does not exist` };
    return { begun, tag: 'DEALLOCATE' };
  }

  #transactionCommand(
    told: ExpectedStatement,
    effect: Effect & { kind: 'transaction' },
    alone: boolean,
  ): Run {
    const { transactions } = this;
    const verdict = transactions.command(effect.action, effect.name, alone);
    if (verdict.notice !== undefined) this.emit('notice', server.notice('25P01', verdict.notice));
    if (verdict.failure !== undefined) return this.#failRun(told, undefined, verdict.failure);
    const last = this.emit('CommandComplete', server.complete(verdict.tag));
    if (!transactions.saved) this.#mayComeBack.clear();
    // What stands outside of a block ends with its round.
    if (!effect.action.endsWith('prepared')) transactions.settle(last, last);
    // The chained one is another transaction: nothing of the one before is fetched from.
    if (transactions.chain(last)) this.#closePortals();
    return { first: last, last };
  }

  *#copyIn(
    told: ExpectedStatement,
    commit: () => Failure | undefined,
  ): Generator<undefined, Run, Asked> {
    const first = this.emit('CopyInResponse', server.copyIn());
    this.flush();
    const failsAfter = this.#dice.oneIn(6) ? this.#dice.between(1, 4) : Number.POSITIVE_INFINITY;
    let rows = 0;
    told.copyBytes = 0;
    for (;;) {
      const asked: Asked = yield;
      if (asked.type === 'copy data') {
        rows++;
        told.copyBytes += asked.text.length;
        if (rows < failsAfter) continue;
        told.copyBytes = undefined; // It is not laid down how much of what came later counts.
        return this.#failRun(told, first, { sqlstate: '22P02', message: 'invalid input syntax' });
      }
      if (asked.type === 'copy fail') {
        const failure = { sqlstate: '57014', message: `COPY from stdin failed: ${asked.reason}` };
        return this.#failRun(told, first, failure);
      }
      if (asked.type !== 'copy done') continue; // Flush and Sync are passed over.
      const failure = commit();
      if (failure !== undefined) return this.#failRun(told, first, failure);
      told.copyRows = rows;
      told.rowsAffected = rows;
      return { first, last: this.emit('CommandComplete', server.complete(`COPY ${rows}`)) };
    }
  }

  #function(at: Message): void {
    const { transactions } = this;
    transactions.start(at);
    const told = this.#tellFunction(at, 'ok');
    if (transactions.block === 'failed') {
      const failure = this.#refusedInFailedBlock({ kind: 'empty' });
      if (failure !== undefined) this.#fails(told, at, failure);
    } else {
      this.emit('FunctionCallResponse', server.functionResult(Buffer.from('42')));
      const failure = transactions.finishImplicit();
      if (failure !== undefined) this.#fails(told, at, failure);
      else this.#count(told);
    }
    this.#round = undefined;
    this.ready();
  }

  #failRun(told: ExpectedStatement, first: Message | undefined, failure: Failure): Run {
    if (told.status !== 'cancelled') told.status = 'error';
    told.sqlstate = failure.sqlstate;
    told.message = failure.message;
    told.rowsAffected = undefined;
    const last = this.#error(failure);
    return { first: first ?? last, last, failure };
  }

  #error(failure: Failure): Message {
    const { sqlstate, message } = failure;
    const last = this.emit('ErrorResponse', server.error(sqlstate, { message }));
    this.flush();
    this.transactions.abort();
    if (this.transactions.saved)
      for (const [name, { open }] of this.#portals)
        if (open !== undefined) this.#mayComeBack.set(name, open);
    this.#portals.clear();
    return last;
  }

  /** A step of the extended protocol fails: the execution that was asked for has failed. */
  #failGroup(at: Message, group: Group, failure: Failure): void {
    const carrier = group.execute ?? at;
    const told = this.#tell(carrier, group, 'ok', false, group.execute === undefined);
    this.#fails(told, at, failure);
    if (group.execute === undefined) this.#round = undefined;
    this.#skipping = true;
    this.#failedGroup = group;
  }

  #fails(told: ExpectedStatement, at: Message, failure: Failure): void {
    const run = this.#failRun(told, undefined, failure);
    this.#finish(told, at, run);
  }

  #finish(told: ExpectedStatement, at: Message, run: Run): void {
    const work: Work = {
      requests: told.request === at || told.work.length > 0 ? [at] : [told.request, at],
      after: this.#lastAnswer,
      first: run.first,
      last: run.last,
    };
    told.work.push(work);
    told.responseBytes = told.work.length > 1 ? undefined : this.#answerBytes;
    this.#answerBytes = 0;
    this.#lastAnswer = run.last;
    if (told.work.length === 1) this.#count(told);
  }

  /** What the statement does in its transaction. */
  #count(told: ExpectedStatement): void {
    const { transaction } = told;
    const effect = this.#effects.get(told);
    if (transaction === undefined || effect?.kind === 'transaction') return;
    if (effect?.kind === 'empty' && told.status === 'ok') return;
    transaction.statements++;
    transaction.rowsAffected += told.rowsAffected ?? 0;
  }

  readonly #effects = new Map<ExpectedStatement, Effect | undefined>();

  #tell(
    at: Message,
    group: Group,
    status: 'ok' | 'skipped',
    inParts = false,
    unexecuted = false,
  ): ExpectedStatement {
    const { statement } = group;
    const told = this.#push({
      at,
      text: statement?.text,
      command: statement?.command,
      status,
      group,
      inParts,
      unexecuted,
    });
    this.#effects.set(told, statement?.effect);
    return told;
  }

  #tellText(
    at: Message,
    text: string,
    statement: Statement | undefined,
    status: Status,
    index = 0,
  ): ExpectedStatement {
    const command = statement?.command;
    const told = this.#push({ at, text, command, status, group: undefined, inParts: false });
    if (index > 0) told.requestBytes = 0; // The first of a string has them all.
    this.#effects.set(told, statement?.effect);
    return told;
  }

  #tellFunction(at: Message, status: 'ok' | 'skipped'): ExpectedStatement {
    const command = 'FUNCTION CALL';
    return this.#push({ at, text: undefined, command, status, group: undefined, inParts: false });
  }

  #push(fields: {
    at: Message;
    text: string | undefined;
    command: string | undefined;
    status: Status;
    group: Group | undefined;
    inParts: boolean;
    unexecuted?: boolean;
  }): ExpectedStatement {
    const { group, status } = fields;
    const executed = fields.unexecuted !== true;
    const told: ExpectedStatement = {
      text: fields.text,
      command: fields.command,
      statementName: group?.statementName === '' ? undefined : group?.statementName,
      portalName: group?.portalName === '' || !executed ? undefined : group?.portalName,
      parameters: executed ? group?.parameters : undefined,
      request: fields.at,
      status,
      sqlstate: undefined,
      message: undefined,
      rowsReturned: undefined,
      rowsAffected: undefined,
      copyBytes: undefined,
      copyRows: undefined,
      requestBytes:
        group === undefined
          ? fields.at.end - fields.at.start
          : executed
            ? group.sizeBytes
            : undefined,
      responseBytes: undefined,
      work: [],
      transaction: status === 'skipped' ? undefined : this.transactions.current,
      transactionStatus: undefined,
      closesRound: false,
      executed,
      fetchedInParts: fields.inParts,
      goesOn: false,
    };
    this.expected.statements.push(told);
    if (status === 'ok') this.#round = told;
    return told;
  }

  #closePortal(name: string): void {
    this.#portals.delete(name);
    this.#mayComeBack.delete(name);
  }

  #closePortals(): void {
    this.#portals.clear();
    this.#mayComeBack.clear();
  }
}

const EXITS: ReadonlySet<string> = new Set([
  'commit',
  'rollback',
  'rollback to',
  'commit and chain',
  'rollback and chain',
  'prepare',
]);
