/** Startup packets: Int32 code, then for a session {String name, String value}... 0 (manual: StartupMessage). */
import { isUtf8 } from 'node:buffer';
import { encodingNamed } from './encoding.ts';
import { text } from './errors.ts';
import { StartupCode } from './messages.ts';

export type Startup =
  | { readonly kind: 'cancel'; readonly processId: number; readonly key: string }
  | { readonly kind: 'encryption'; readonly method: 'tls' | 'gss' }
  | {
      readonly kind: 'session';
      readonly minor: number;
      readonly parameters: ReadonlyMap<string, string>;
    }
  | { readonly kind: 'foreign' };

const FOREIGN: Startup = { kind: 'foreign' };
const PARAMETERS_MAX = 100;

/** Decodes the packet whose code begins at `start`. Anything that is no startup packet is `foreign`. */
export function decodeStartup(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  end: number,
): Startup {
  if (end - start < 4) return FOREIGN;
  const code = view.getUint32(start);
  if (code === StartupCode.Ssl) return { kind: 'encryption', method: 'tls' };
  if (code === StartupCode.Gss) return { kind: 'encryption', method: 'gss' };
  if (code === StartupCode.Cancel) {
    if (end - start < 12 || end - start > 8 + 256) return FOREIGN;
    const key = Buffer.from(bytes.buffer, bytes.byteOffset + start + 8, end - start - 8).toString(
      'hex',
    );
    return { kind: 'cancel', processId: view.getUint32(start + 4), key };
  }
  if (code >>> 16 !== 3) return FOREIGN;
  const parameters = decodeParameters(bytes, start + 4, end);
  return parameters === undefined ? FOREIGN : { kind: 'session', minor: code & 0xffff, parameters };
}

/**
 * Name and value pairs up to an empty name; undefined when the bytes end before it. The server takes values as they
 * are: what is no UTF-8 is read in the encoding that the client asks for.
 */
function decodeParameters(
  bytes: Uint8Array,
  start: number,
  end: number,
): Map<string, string> | undefined {
  const ranges = new Map<string, readonly [number, number]>();
  let position = start;
  for (;;) {
    const nameEnd = bytes.indexOf(0, position);
    if (nameEnd < 0 || nameEnd >= end) return undefined;
    if (nameEnd === position) break;
    const valueEnd = bytes.indexOf(0, nameEnd + 1);
    if (valueEnd < 0 || valueEnd >= end || ranges.size >= PARAMETERS_MAX) return undefined;
    ranges.set(text(bytes, position, nameEnd), [nameEnd + 1, valueEnd]);
    position = valueEnd + 1;
  }
  const asked = ranges.get('client_encoding');
  const encoding = asked === undefined ? undefined : encodingNamed(text(bytes, ...asked));
  const parameters = new Map<string, string>();
  for (const [name, [from, to]] of ranges) {
    const plain = encoding === undefined || isUtf8(bytes.subarray(from, to));
    parameters.set(name, plain ? text(bytes, from, to) : encoding.text(bytes, from, to));
  }
  return parameters;
}

/** Whether these are the first bytes of a client of this protocol; `more` when there are too few to say. */
export function looksLikeStartup(
  view: DataView,
  start: number,
  end: number,
): 'yes' | 'no' | 'more' {
  if (end - start < 8) return 'more';
  const size = view.getUint32(start);
  const code = view.getUint32(start + 4);
  if (size < 8 || size > 10_000) return 'no';
  if (code === StartupCode.Ssl || code === StartupCode.Gss) return size === 8 ? 'yes' : 'no';
  if (code === StartupCode.Cancel) return size >= 16 && size <= 12 + 256 ? 'yes' : 'no';
  return code >>> 16 === 3 && size >= 9 ? 'yes' : 'no';
}

/** What bytes that are not ours look like, in a word for the operator; undefined when nothing is known. */
export function guessForeign(view: DataView, start: number, end: number): string | undefined {
  const length = end - start;
  if (length >= 3 && view.getUint8(start) === 0x16 && view.getUint8(start + 1) === 3) return 'TLS';
  if (length >= 5 && view.getUint8(start + 4) === 0x0a && view.getUint8(start + 3) === 0)
    return 'MySQL greeting';
  if (length >= 4) {
    const head = String.fromCharCode(...[0, 1, 2, 3].map((index) => view.getUint8(start + index)));
    if (/^(GET |POST|PUT |HEAD|OPTI|DELE|HTTP|CONN)/.test(head)) return 'HTTP';
    if (head === 'SSH-') return 'SSH';
  }
  return undefined;
}
