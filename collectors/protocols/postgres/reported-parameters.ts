/** What the server reports of the session by ParameterStatus: {String name, String value} (manual: Message Formats). */
import { encodingNamed } from './encoding.ts';
import { text } from './errors.ts';
import type { State } from './state.ts';

/**
 * Takes the parameter of bytes[start, end) into the session, if it is one that matters; rubbish is passed over.
 * @returns what the server turns out to speak by its version
 */
export function reportedParameter(
  state: State,
  bytes: Uint8Array,
  start: number,
  end: number,
): 'opengauss' | undefined {
  const { session } = state;
  const nameEnd = bytes.indexOf(0, start);
  if (nameEnd < 0 || nameEnd >= end) return undefined;
  const value = state.decode(bytes, nameEnd + 1, end - 1);
  switch (text(bytes, start, nameEnd)) {
    case 'application_name':
      session.application = value === '' ? undefined : value;
      return undefined;
    case 'server_version':
      state.serverVersion = value;
      if (/gauss/i.test(value) && !/kingbase/i.test(value)) return 'opengauss';
      if (/kingbase/i.test(value)) session.dialect = 'kingbase';
      return undefined;
    case 'client_encoding':
      state.encoding = encodingNamed(value);
      return undefined;
    case 'session_authorization':
      if (state.midStream && session.user === undefined) state.identify(value);
      return undefined;
    default:
      return undefined;
  }
}
