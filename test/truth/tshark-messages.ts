/** Reads the PostgreSQL messages of a capture as tshark sees them, from its PDML. */
import { mustRun } from '../lab/process.ts';

export interface TsharkMessage {
  readonly stream: string;
  readonly fromClient: boolean;
  /** tshark's name of the type: "Simple query", "Data row" ... */
  readonly type: string;
  /** Of Simple query and Parse. */
  readonly query: string | undefined;
  /** Of Command completion. */
  readonly tag: string | undefined;
  /** Of Error and Notice. */
  readonly sqlstate: string | undefined;
}

/** All messages in the order of the capture; every port in `ports` is read as PostgreSQL's. */
export async function tsharkMessages(
  file: string,
  ports: readonly number[],
  settings: readonly string[] = [],
): Promise<TsharkMessage[]> {
  const decodeAs = ports.flatMap((port) => ['-d', `tcp.port==${String(port)},pgsql`]);
  const args = ['-r', file, ...decodeAs, '-Y', 'pgsql', '-T', 'pdml'];
  const pdml = await mustRun('tshark', [
    ...args,
    ...settings,
    '-o',
    'tcp.analyze_sequence_numbers:TRUE',
  ]);
  const messages: TsharkMessage[] = [];
  for (const packet of pdml.split('<packet>').slice(1)) {
    const stream = show(packet, 'tcp.stream') ?? '';
    for (const part of packet.split('<proto name="pgsql"').slice(1)) {
      const message = part.slice(0, part.indexOf('</proto>'));
      const type = show(message, 'pgsql.type');
      if (type === undefined) continue;
      messages.push({
        stream,
        fromClient: show(message, 'pgsql.frontend') === '1',
        type,
        query: textOf(message, 'pgsql.query'),
        tag: textOf(message, 'pgsql.tag'),
        // tshark's field begins with the letter of the field, C.
        sqlstate: textOf(message, 'pgsql.code')?.slice(1),
      });
    }
  }
  return messages;
}

/** The attribute of a field that tshark made for reading. */
function show(part: string, field: string): string | undefined {
  return new RegExp(`<field name="${field}"[^>]*? show="([^"]*)"`).exec(part)?.[1];
}

/** The bytes of a field as they are, up to the zero byte that ends a string. */
function textOf(part: string, field: string): string | undefined {
  const hex = new RegExp(`<field name="${field}"[^>]*? value="([0-9a-f]*)"`).exec(part)?.[1];
  return hex === undefined ? undefined : Buffer.from(hex, 'hex').toString().replace(/\0.*$/s, '');
}
