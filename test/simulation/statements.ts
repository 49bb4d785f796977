/** Statements of the workload: a text that no other statement has, and what the model's server does with it. */
import type { Dice } from './dice.ts';

export type TransactionAction =
  | 'begin'
  | 'commit'
  | 'rollback'
  | 'savepoint'
  | 'rollback to'
  | 'release'
  | 'commit and chain'
  | 'rollback and chain'
  | 'prepare'
  | 'commit prepared'
  | 'rollback prepared';

type Verb = 'INSERT' | 'UPDATE' | 'DELETE' | 'MERGE';

export type Effect =
  | { readonly kind: 'rows'; readonly tag: string; readonly count: number; readonly width: number }
  | {
      readonly kind: 'write';
      readonly verb: Verb;
      readonly count: number;
      readonly returning: boolean;
      /** A constraint that is checked at the commit, and fails then. */
      readonly deferred: boolean;
    }
  | { readonly kind: 'utility'; readonly tag: string }
  /** Rows that nobody is sent: CREATE TABLE AS. */
  | { readonly kind: 'created'; readonly count: number }
  | { readonly kind: 'transaction'; readonly action: TransactionAction; readonly name: string }
  | { readonly kind: 'copy in' }
  | { readonly kind: 'copy out'; readonly count: number; readonly width: number }
  | {
      readonly kind: 'failure';
      readonly at: 'syntax' | 'analysis' | 'run';
      readonly sqlstate: string;
      readonly message: string;
      readonly rows: number;
    }
  | { readonly kind: 'forget'; readonly name: string | undefined; readonly discard: boolean }
  | { readonly kind: 'empty' };

export interface Statement {
  readonly text: string;
  /** Undefined for an empty text. */
  readonly command: string | undefined;
  readonly effect: Effect;
  /** How many values it takes. */
  readonly parameters: number;
}

/** Makes statements whose texts all differ, over the whole simulation. */
export class Statements {
  readonly #dice: Dice;
  readonly #mark: string;
  #count = 0;

  /** @param mark stands in every text */
  constructor(dice: Dice, mark: string) {
    this.#dice = dice;
    this.#mark = mark;
  }

  /** A mark that no other text has. */
  next(): string {
    return `${this.#mark}_${++this.#count}`;
  }

  /** Whatever an application may send in the midst of its work; `parameters` only where they are asked for. */
  any(parameters = 0): Statement {
    const dice = this.#dice;
    const kind = dice.weighted({
      rows: 40,
      write: 20,
      returning: 5,
      utility: 6,
      created: 3,
      failure: 10,
      cursor: 3,
      prepare: 2,
    });
    switch (kind) {
      case 'rows':
        return this.rows(dice.pick([0, 1, 1, 1, 2, 3, 7, 40]), parameters);
      case 'write':
        return this.write(dice.oneIn(12), false, parameters);
      case 'returning':
        return this.write(false, true, parameters);
      case 'utility':
        return this.utility();
      case 'created': {
        const name = this.next();
        const text = `CREATE TABLE t_${name} AS SELECT 1`;
        const effect: Effect = { kind: 'created', count: dice.between(0, 9) };
        return { text, command: 'CREATE TABLE', effect, parameters: 0 };
      }
      case 'failure':
        return this.failure(dice.pick(['syntax', 'analysis', 'run', 'run']), parameters);
      case 'cursor': {
        const text = `FETCH 3 FROM c_${this.next()}`;
        const effect: Effect = { kind: 'rows', tag: 'FETCH', count: dice.between(0, 3), width: 5 };
        return { text, command: 'FETCH', effect, parameters: 0 };
      }
      case 'prepare': {
        const text = `PREPARE p_${this.next()} AS SELECT 1`;
        return {
          text,
          command: 'PREPARE',
          effect: { kind: 'utility', tag: 'PREPARE' },
          parameters: 0,
        };
      }
    }
  }

  rows(count: number, parameters = 0, width = this.#dice.between(1, 30)): Statement {
    const values = Array.from({ length: parameters }, (_, index) => `$${index + 1}`).join(', ');
    const inside = this.#dice.oneIn(8) ? "/* ; */ ';', " : '';
    const text = `SELECT ${inside}'${this.next()}'${values === '' ? '' : `, ${values}`} FROM t`;
    const effect: Effect = { kind: 'rows', tag: 'SELECT', count, width };
    return { text, command: 'SELECT', effect, parameters };
  }

  write(deferred: boolean, returning: boolean, parameters = 0): Statement {
    const dice = this.#dice;
    const verb: Verb = deferred
      ? 'INSERT'
      : dice.pick<Verb>(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);
    const mark = this.next();
    const value = parameters > 0 ? '$1' : '7';
    const bodies = {
      INSERT: `INSERT INTO t VALUES (${value}, '${mark}')`,
      UPDATE: `UPDATE t SET a = ${value} WHERE b = '${mark}'`,
      DELETE: `DELETE FROM t WHERE a = ${value} AND b = '${mark}'`,
      MERGE: `MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN UPDATE SET b = '${mark}'`,
    };
    const taken = parameters > 0 && verb !== 'MERGE' ? 1 : 0;
    return {
      text: `${bodies[verb]}${returning ? ' RETURNING a' : ''}`,
      command: verb,
      effect: { kind: 'write', verb, count: dice.between(0, 5), returning, deferred },
      parameters: taken,
    };
  }

  utility(): Statement {
    const mark = this.next();
    const [text, command, tag] = this.#dice.pick<readonly [string, string, string]>([
      [`SET application_name = '${mark}'`, 'SET', 'SET'],
      [`CREATE TABLE t_${mark} (a int)`, 'CREATE TABLE', 'CREATE TABLE'],
      [`DROP TABLE t_${mark}`, 'DROP TABLE', 'DROP TABLE'],
      [`LOCK TABLE t_${mark}`, 'LOCK', 'LOCK TABLE'],
    ]);
    return { text, command, effect: { kind: 'utility', tag }, parameters: 0 };
  }

  failure(at: 'syntax' | 'analysis' | 'run', parameters = 0): Statement {
    const mark = this.next();
    const values = parameters > 0 && at === 'run' ? ', $1' : '';
    const text = at === 'syntax' ? `SELEC '${mark}'` : `SELECT '${mark}'${values} FROM missing`;
    const [sqlstate, message] =
      at === 'syntax'
        ? ['42601', 'syntax error at or near "SELEC"']
        : at === 'analysis'
          ? ['42P01', 'relation "missing" does not exist']
          : this.#dice.pick<readonly [string, string]>([
              ['22012', 'division by zero'],
              ['40P01', 'deadlock detected'],
              ['57014', 'canceling statement due to statement timeout'],
            ]);
    return {
      text,
      command: at === 'syntax' ? 'SELEC' : 'SELECT',
      effect: { kind: 'failure', at, sqlstate, message, rows: this.#dice.pick([0, 0, 2]) },
      parameters: values === '' ? 0 : 1,
    };
  }

  copyIn(): Statement {
    const text = `COPY t_${this.next()} FROM STDIN`;
    return { text, command: 'COPY', effect: { kind: 'copy in' }, parameters: 0 };
  }

  copyOut(): Statement {
    const text = `COPY t_${this.next()} TO STDOUT`;
    const count = this.#dice.pick([0, 1, 5, 60]);
    const effect: Effect = { kind: 'copy out', count, width: this.#dice.between(1, 80) };
    return { text, command: 'COPY', effect, parameters: 0 };
  }

  transaction(action: TransactionAction, name = `n_${this.next()}`): Statement {
    const mark = `/* ${this.next()} */`;
    const [command = ''] = action.toUpperCase().split(' ');
    const texts: Readonly<Record<TransactionAction, string>> = {
      begin: `BEGIN ${mark} WORK`,
      commit: `COMMIT ${mark} WORK`,
      rollback: `ROLLBACK ${mark} WORK`,
      savepoint: `SAVEPOINT ${mark} ${name}`,
      'rollback to': `ROLLBACK ${mark} TO SAVEPOINT ${name}`,
      release: `RELEASE ${mark} SAVEPOINT ${name}`,
      'commit and chain': `COMMIT ${mark} AND CHAIN`,
      'rollback and chain': `ROLLBACK ${mark} AND CHAIN`,
      prepare: `PREPARE TRANSACTION ${mark} '${name}'`,
      'commit prepared': `COMMIT PREPARED ${mark} '${name}'`,
      'rollback prepared': `ROLLBACK PREPARED ${mark} '${name}'`,
    };
    return {
      text: texts[action],
      command: action === 'prepare' ? 'PREPARE TRANSACTION' : command,
      effect: { kind: 'transaction', action, name },
      parameters: 0,
    };
  }

  /** DEALLOCATE of a name, DEALLOCATE ALL without one. */
  forget(name: string | undefined): Statement {
    const text = `DEALLOCATE /* ${this.next()} */ ${name ?? 'ALL'}`;
    const effect: Effect = { kind: 'forget', name, discard: false };
    return { text, command: 'DEALLOCATE', effect, parameters: 0 };
  }

  discard(): Statement {
    const text = `DISCARD /* ${this.next()} */ ALL`;
    const effect: Effect = { kind: 'forget', name: undefined, discard: true };
    return { text, command: 'DISCARD', effect, parameters: 0 };
  }

  empty(): Statement {
    return { text: '', command: '', effect: { kind: 'empty' }, parameters: 0 };
  }
}
