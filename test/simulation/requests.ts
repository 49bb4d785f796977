/** What a client asks, before it is made bytes. */
import { client } from '../wire/postgres.ts';
import type { Message } from './dialogue.ts';
import type { Statement } from './statements.ts';

/** The messages that belong to one execution, as its client means them. */
export interface Group {
  /** Undefined: of a name that nobody knows. */
  readonly statement: Statement | undefined;
  readonly statementName: string;
  readonly portalName: string;
  readonly parameters: readonly (string | null)[];
  /** Bytes of its messages. */
  sizeBytes: number;
  /** Its Execute, if there is one before the next Sync. */
  execute: Message | undefined;
}

export type Request =
  | { readonly type: 'query'; readonly text: string; readonly statements: readonly Statement[] }
  | { readonly type: 'parse'; readonly group: Group; readonly types: readonly number[] }
  | { readonly type: 'bind'; readonly group: Group; readonly binary: readonly boolean[] }
  | { readonly type: 'describe'; readonly target: 'S' | 'P'; readonly group: Group }
  | { readonly type: 'execute'; readonly group: Group; readonly rowsMax: number }
  | { readonly type: 'close'; readonly target: 'S' | 'P'; readonly name: string }
  | { readonly type: 'sync' }
  | { readonly type: 'flush' }
  | { readonly type: 'function' }
  | { readonly type: 'copy data'; readonly text: string }
  | { readonly type: 'copy done' }
  | { readonly type: 'copy fail'; readonly reason: string }
  | { readonly type: 'terminate' };

/** Int4 in binary format (manual: a four-byte integer in network byte order). */
function int4(text: string): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(Number(text));
  return bytes;
}

export const INT4_OID = 23;

export function encode(request: Request): Buffer {
  switch (request.type) {
    case 'query':
      return client.query(request.text);
    case 'parse': {
      const { group, types } = request;
      return client.parse(group.statement?.text ?? '', group.statementName, types);
    }
    case 'bind': {
      const { group, binary } = request;
      const values = group.parameters.map((value, index) =>
        value !== null && binary[index] === true ? int4(value) : value,
      );
      const formats = binary.some((yes) => yes) ? binary.map(Number) : [];
      const { portalName: portal, statementName: statement } = group;
      return client.bind({ portal, statement, formats, values });
    }
    case 'describe': {
      const { target, group } = request;
      return client.describe(target, target === 'S' ? group.statementName : group.portalName);
    }
    case 'execute':
      return client.execute(request.group.portalName, request.rowsMax);
    case 'close':
      return client.close(request.target, request.name);
    case 'sync':
      return client.sync();
    case 'flush':
      return client.flush();
    case 'function':
      return client.functionCall(1598);
    case 'copy data':
      return client.copyData(request.text);
    case 'copy done':
      return client.copyDone();
    case 'copy fail':
      return client.copyFail(request.reason);
    case 'terminate':
      return client.terminate();
  }
}
