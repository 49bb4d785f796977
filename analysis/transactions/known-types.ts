/** Which known types an open transaction may become, by how it began, and what those usually did. */
import { addHistograms, type Histogram } from '../../src/core/histogram.ts';
import { appendCollapsed, LOOP_PERIOD_MAX } from '../../src/core/loops.ts';
import type { ResembledType } from '../../src/events/open-transactions.ts';
import type { TransactionTypeFacts } from '../../src/events/transaction-types.ts';
import { clusterTypes } from './clusters.ts';
import { prefixSimilarity } from './edit-distance.ts';
import { type ClassTexts, typeName } from './type-names.ts';

/** Types that share most statements with the transaction are compared with it in order. */
const COMPARED_MAX = 60;
/** Less than half of the statements in their places is no resemblance. */
const SIMILARITY_LEAST = 0.5;

export interface Resemblance {
  readonly resembles: ResembledType;
  /** Of all types that begin like it. */
  readonly transactions: number;
  readonly durations: Histogram;
  readonly rowsSpread: Histogram;
}

interface Known {
  readonly facts: TransactionTypeFacts;
  readonly statements: ReadonlySet<string>;
  readonly leader: string;
}

export class KnownTypes {
  readonly #texts: ClassTexts;
  readonly #byServer = new Map<string, Known[]>();
  readonly #statementsOf = new Map<string, readonly string[]>();

  /** @param types the most frequent first */
  constructor(types: readonly TransactionTypeFacts[], texts: ClassTexts) {
    this.#texts = texts;
    const leaderOf = clusterTypes(types);
    for (const facts of types) {
      const known: Known = {
        facts,
        statements: new Set(facts.statements),
        leader: leaderOf.get(facts.type) ?? facts.type,
      };
      this.#statementsOf.set(facts.type, facts.statements);
      const ofServer = this.#byServer.get(facts.server);
      if (ofServer === undefined) this.#byServer.set(facts.server, [known]);
      else ofServer.push(known);
    }
  }

  /** @param sequence statements as they were run; undefined when nothing ran yet, or nothing known is like it */
  resembling(sequence: readonly string[], server: string): Resemblance | undefined {
    const begun: string[] = [];
    for (const statement of sequence) appendCollapsed(begun, statement);
    if (begun.length === 0) return undefined;
    const views = [begun, withoutBegunTurn(begun)];
    const likely = (this.#byServer.get(server) ?? [])
      .map((known) => ({ known, shared: begun.filter((one) => known.statements.has(one)).length }))
      .filter(({ shared }) => shared > 0)
      .sort(
        (a, b) => b.shared - a.shared || b.known.facts.transactions - a.known.facts.transactions,
      )
      .slice(0, COMPARED_MAX)
      .map(({ known }) => ({
        known,
        similarity: Math.max(
          ...views.map((view) => prefixSimilarity(view, known.facts.statements)),
        ),
      }));
    const best = Math.max(0, ...likely.map(({ similarity }) => similarity));
    if (best < SIMILARITY_LEAST) return undefined;
    return this.#together(
      likely.filter(({ similarity }) => similarity === best).map(({ known }) => known),
      best,
    );
  }

  #together(alike: readonly Known[], similarity: number): Resemblance {
    let transactions = 0;
    let durations: Histogram = new Map();
    let rowsSpread: Histogram = new Map();
    const byLeader = new Map<string, number>();
    for (const { facts, leader } of alike) {
      transactions += facts.transactions;
      durations = addHistograms(durations, facts.durations);
      rowsSpread = addHistograms(rowsSpread, facts.rowsSpread);
      byLeader.set(leader, (byLeader.get(leader) ?? 0) + facts.transactions);
    }
    const [type, ofLeader] = [...byLeader].sort((a, b) => b[1] - a[1])[0] ?? ['', 0];
    return {
      resembles: {
        type,
        text: typeName(this.#statementsOf.get(type) ?? [], this.#texts),
        similarity,
        share: transactions === 0 ? 0 : ofLeader / transactions,
      },
      transactions,
      durations,
      rowsSpread,
    };
  }
}

/** Inside a loop the turn that has begun is no part of the collapsed type yet: what stands in front of it is compared too. */
function withoutBegunTurn(sequence: readonly string[]): readonly string[] {
  const { length } = sequence;
  for (let begun = Math.min(LOOP_PERIOD_MAX - 1, length >> 1); begun > 0; begun--) {
    const turn = sequence.slice(length - begun);
    for (let period = begun + 1; period <= Math.min(LOOP_PERIOD_MAX, length - begun); period++) {
      const before = sequence.slice(length - begun - period, length - period);
      if (turn.every((statement, index) => statement === before[index]))
        return sequence.slice(0, length - begun);
    }
  }
  return sequence;
}
