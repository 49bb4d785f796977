/** Hot. The values of an Execute for who counts them: bytes until they are asked for. Bench: test/bench/decode.bench.ts. */
import type { BoundValues } from '../../../src/events/events.ts';
import { decodeParameters, rawParameters } from './parameters.ts';
import type { Pending } from './pending.ts';
import type { State } from './state.ts';

/** One object a session, used again for each of its executions. */
export class Bound implements BoundValues {
  readonly #state: State;
  #pending: Pending | undefined = undefined;

  constructor(state: State) {
    this.#state = state;
  }

  /** The values of this request; undefined when none were kept, or several sets of them. */
  of(pending: Pending): this | undefined {
    if (pending.bound === undefined || pending.bound.length === 0 || pending.setsCount > 0)
      return undefined;
    this.#pending = pending;
    return this;
  }

  values(): (string | null)[] | undefined {
    const { bound, statement } = this.#pending ?? {};
    if (bound === undefined) return undefined;
    const raw = rawParameters(bound.bytes, bound.view, 0, bound.length);
    if (raw === undefined) return undefined;
    const state = this.#state;
    const decode = (bytes: Uint8Array): string => state.decode(bytes, 0, bytes.length);
    const types = statement?.parameterTypes ?? [];
    return decodeParameters(raw, types, state.session.dialect, decode);
  }
}
