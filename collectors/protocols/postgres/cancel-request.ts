/**
 * A connection that brings a cancel request and nothing else: its key says which session it means (manual: Canceling
 * Requests in Progress).
 */
import { UNKNOWN } from '../../../src/events/events.ts';
import type { Session } from '../../../src/events/session.ts';
import type { ConversationContext } from '../conversation-context.ts';

/** @param key in hex: it is compared and never told */
export function tellCancelRequest(
  context: ConversationContext,
  session: Session,
  processId: number,
  key: string,
  tsUs: number,
): void {
  const target = context.cancelKeys.find(serverOf(session), `${processId}/${key}`);
  const targetUs = target?.cancelRequested(tsUs) ?? UNKNOWN;
  context.sink.sessionEvent({
    type: 'cancel_request',
    tsUs,
    session,
    processId,
    targetSessionId: target?.sessionId,
    targetUs,
  });
}

/** Under which the keys of its sessions are known. */
export function serverOf(session: Session): string {
  return `${session.serverAddress.join('.')}:${session.serverPort}`;
}
