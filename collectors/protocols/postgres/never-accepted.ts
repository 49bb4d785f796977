/** A connection that came to nothing before a word was said. */
import type { Flow, FlowEnd } from '../../network/flow.ts';
import { Phase, type State } from './state.ts';

/** A SYN that is not answered is repeated after a second (RFC 6298, 2.1). */
const HANDSHAKE_RETRY_US = 1_000_000;

/** The server's host refused the connection, or nobody answered before the client had to ask again. */
export function neverAccepted(flow: Flow, state: State, reason: FlowEnd, tsUs: number): boolean {
  const { phase, requestBytes, midStream, startUs } = state;
  if (flow.accepted || midStream || phase !== Phase.Startup || requestBytes > 0) return false;
  return reason !== 'capture_end' || tsUs - startUs > HANDSHAKE_RETRY_US;
}
