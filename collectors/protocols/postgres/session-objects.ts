/**
 * Prepared statements and cursors of one session that SQL makes, uses and drops, kept with those of the extended
 * protocol, with which they share their names. Also fills in what was prepared before the capture began, where another
 * connection has shown it.
 */
import { Quality } from '../../../src/events/quality.ts';
import type { StatementClass } from '../../../src/events/statement-class.ts';
import { type AlsoSecret, findSecrets } from '../../../src/sql/redaction.ts';
import { statementKey } from '../learned.ts';
import type { Outcome } from './pending.ts';
import { sqlObjectOf, type SqlObject } from './sql-objects.ts';
import type { State } from './state.ts';
import { PreparedStatement } from './statements.ts';
import type { ToldStatement } from './told.ts';

const ENTRY_BYTES = 64;
/** invalid_sql_statement_name: the server does not know it. */
const UNKNOWN_NAME = '26000';

export class SessionObjects {
  readonly #state: State;

  constructor(state: State) {
    this.#state = state;
  }

  /** What a statement of a class that concerns objects does, and the statement that it makes or runs. */
  read(
    statementClass: StatementClass,
    text: Uint8Array,
    start: number,
    end: number,
  ): ReadObject | undefined {
    const object = sqlObjectOf(statementClass.command, text, start, end);
    if (object === undefined) return undefined;
    const { verb } = object;
    if (verb === 'prepare' || verb === 'declare')
      return { object, statement: this.#inner(object, text) };
    const name = object.name ?? NO_NAME;
    const { statements, portals } = this.#state;
    const statement =
      verb === 'execute'
        ? statements.get(name, 0, name.length)
        : verb === 'fetch'
          ? portals.get(name, 0, name.length)?.statement
          : undefined;
    return { object, statement };
  }

  #inner(object: SqlObject, text: Uint8Array): PreparedStatement {
    const { innerStart, innerEnd } = object;
    const statement = new PreparedStatement();
    const view = new DataView(text.buffer, text.byteOffset, text.byteLength);
    statement.name = object.verb === 'prepare' ? (object.name ?? NO_NAME) : NO_NAME;
    statement.preparedAt = this.#state.namesDoubted;
    statement.known = true;
    statement.text.set(text, view, innerStart, innerEnd);
    statement.statementClass = this.#state.context.classes.classOf(
      statement.text.bytes,
      statement.text.view,
      0,
      statement.text.length,
    );
    return statement;
  }

  /** The statement has succeeded. @returns the name of a cursor that is closed, '' when all are */
  done({ object, statement }: ReadObject): string | undefined {
    const { statements, portals } = this.#state;
    const { verb, holds } = object;
    const name = object.name ?? NO_NAME;
    switch (verb) {
      case 'prepare':
        if (statement !== undefined) this.#prepared(name, statement);
        return undefined;
      case 'declare':
        if (statement !== undefined)
          portals.set(
            name,
            { statement, parameters: undefined, executed: false, doubt: 0, holds },
            statement.text.length + ENTRY_BYTES,
          );
        return undefined;
      case 'deallocate':
        if (object.name === undefined) statements.clear();
        else statements.delete(name, 0, name.length);
        return undefined;
      case 'close':
        if (object.name === undefined) portals.clear();
        else portals.delete(name, 0, name.length);
        return name.toString('utf8');
      default:
        return undefined;
    }
  }

  #prepared(name: Buffer, statement: PreparedStatement): void {
    const { statements, namesDoubted } = this.#state;
    statement.preparedAt = namesDoubted;
    const bound = statements.get(name, 0, name.length);
    // A Bind behind it in the same pipeline has asked for it by its name already.
    if (bound?.known === false) bound.fill(statement);
    else statements.set(name, statement, statement.text.length + name.length + ENTRY_BYTES);
    this.learn(statement);
  }

  /** The server has prepared a named statement: other connections may have done so unseen. */
  learn(statement: PreparedStatement): void {
    const { context, session } = this.#state;
    const { nameText, statementClass, truncated } = statement;
    if (nameText === undefined || statementClass === undefined || truncated) return;
    const key = statementKey(session, nameText);
    if (key === undefined) return;
    const text = statement.text.bytes.subarray(0, statement.text.length);
    const { parameterTypes } = statement;
    context.learned.learn(key, { text, statementClass, parameterTypes });
  }

  /**
   * Gives a statement that is only known by its name the text that another connection has shown under it. Only where
   * it can have been prepared unseen, and unless the server's answer contradicts.
   */
  infer(statement: PreparedStatement, outcome: Outcome): void {
    const { context, session, midStream, quality } = this.#state;
    const { nameText } = statement;
    if (nameText === undefined || outcome.error?.sqlstate === UNKNOWN_NAME) return;
    if (!midStream && (quality & Quality.GapRequest) === 0) return;
    if (midStream && session.database === undefined) this.#state.identify(undefined);
    const key = statementKey(session, nameText);
    const learned = key === undefined ? undefined : context.learned.find(key);
    if (learned === undefined || contradicts(learned.statementClass, outcome.tagCommand)) return;
    statement.infer(learned);
  }

  /** Portals die with their transaction, but for cursors WITH HOLD. */
  transactionEnded(): void {
    const { portals, queue } = this.#state;
    // What waits may have been bound since.
    if (portals.sizeCount > 0 && queue.waitingCount === 0)
      portals.retain(({ holds }) => holds === true);
  }
}

const NO_NAME = Buffer.alloc(0);

/** What an SQL statement says of prepared statements and cursors, and the one that is concerned. */
export interface ReadObject {
  readonly object: SqlObject;
  readonly statement: PreparedStatement | undefined;
}

/** Tells which statement is run. @returns which of its arguments are to be hidden */
export function tellSource(told: ToldStatement, { object, statement }: ReadObject): AlsoSecret {
  const statementClass = statement?.known === true ? statement.statementClass : undefined;
  if (statement !== undefined && statementClass !== undefined) {
    const { bytes, length } = statement.text;
    const shown = statementClass.mayHoldSecret
      ? findSecrets(bytes, 0, length, 'none').text
      : bytes.subarray(0, length);
    told.sourceClass = statementClass;
    told.source = Buffer.from(shown).toString('utf8');
  }
  if (object.verb !== 'execute') return 'none';
  // Nobody knows what an unknown statement does with its arguments.
  if (statementClass === undefined) return 'texts';
  return statementClass.mayHoldSecret ? 'all' : 'none';
}

/** SELECT 5 is not what a statement of class UPDATE is answered with. */
function contradicts(statementClass: StatementClass, tagCommand: string | undefined): boolean {
  if (tagCommand === undefined) return false;
  const [told = ''] = tagCommand.split(' ');
  const [expected = ''] = statementClass.command.split(' ');
  if (told === expected || !PLAIN.has(told)) return false;
  return PLAIN.has(expected);
}

/** Commands whose tag begins with their own name. */
const PLAIN: ReadonlySet<string> = new Set(
  'SELECT INSERT UPDATE DELETE MERGE BEGIN COMMIT SET FETCH MOVE COPY SHOW DROP TRUNCATE LOCK'.split(
    ' ',
  ),
);
