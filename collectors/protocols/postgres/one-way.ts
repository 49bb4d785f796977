/** A mirror that shows one side of a connection only: noticed by what the side that is seen acknowledges. */
import { Quality } from '../../../src/events/quality.ts';
import type { Flow } from '../../network/flow.ts';
import type { State } from './state.ts';

export type Side = 'client' | 'server';

export class OneWay {
  readonly #flow: Flow;
  readonly #clientEndpoint: 0 | 1;
  readonly #state: State;
  #told = false;

  constructor(flow: Flow, clientEndpoint: 0 | 1, state: State) {
    this.#flow = flow;
    this.#clientEndpoint = clientEndpoint;
    this.#state = state;
  }

  /** This side speaks, and the mirror does not show it. */
  hides(side: Side): boolean {
    return this.#flow.hides(this.#endpointOf(side));
  }

  /** Of this side there was not one packet: it may be hidden, or silent. */
  #neverSeen(side: Side): boolean {
    return !this.#flow.seen[this.#endpointOf(side)];
  }

  /** The connection has ended. @returns whether only one side of it was seen */
  atEnd(requestBytes: number, responseBytes: number, tsUs: number): boolean {
    const clientOnly = requestBytes > 0 && responseBytes === 0 && this.#neverSeen('server');
    const serverOnly = responseBytes > 0 && requestBytes === 0 && this.#neverSeen('client');
    if (clientOnly) this.notice('client', tsUs);
    else if (serverOnly) this.notice('server', tsUs);
    return clientOnly || serverOnly;
  }

  /** Only this side is seen. What a client asked was answered, as it acknowledged the answer, but not to us. */
  notice(seen: Side, tsUs: number): void {
    const state = this.#state;
    if (!this.#told) {
      this.#told = true;
      const { health } = state.context;
      if (seen === 'client') health.clientOnlyConnections++;
      else health.serverOnlyConnections++;
      state.anomaly('one_way', `only the ${seen} is seen`, 0, tsUs);
    }
    if (seen === 'server') {
      state.quality |= Quality.OneWay;
      return;
    }
    if (this.hides('server')) state.countAnswered();
    state.lost(false, 0, Quality.OneWay, tsUs);
  }

  #endpointOf(side: Side): 0 | 1 {
    return (side === 'client') === (this.#clientEndpoint === 0) ? 0 : 1;
  }
}
