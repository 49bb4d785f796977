/** What drivers seldom do, message by message: pipelines, portals, half-done extended queries, COPY that fails. */
import {
  bind,
  close,
  copyData,
  copyDone,
  copyFail,
  describe,
  execute,
  extended,
  flush,
  parse,
  query,
  sync,
} from '../wire-messages.ts';
import type { Place } from './place.ts';

export async function pipelineWork(place: Place): Promise<void> {
  await place.wire('alice', 'sales', async (client) => {
    // Five statements before one Sync are one transaction.
    const inserts = [400, 401, 402, 403, 404].map((id) =>
      extended('INSERT INTO parent VALUES ($1, $2, 1)', [String(id), `pipelined ${String(id)}`]),
    );
    client.send(...inserts, sync);
    await client.until('Z');
    // An error in the middle: the first is undone, the third is never looked at.
    client.send(
      extended('DELETE FROM parent WHERE id = $1', ['400']),
      extended('SELECT 1 / $1::int', ['0']),
      extended('DELETE FROM parent WHERE id = $1', ['401']),
      sync,
    );
    await client.until('Z');
    // Many Syncs in flight; the second and the fifth fail.
    client.send(
      ...[1, 0, 2, 3, 0, 4].map((n) =>
        Buffer.concat([extended('SELECT 10 / $1::int', [String(n)]), sync]),
      ),
    );
    await client.until('Z', 6);
    // A transaction sent at once.
    client.send(
      extended('BEGIN'),
      extended('DELETE FROM parent WHERE id BETWEEN $1 AND $2', ['400', '404']),
      extended('COMMIT'),
      sync,
    );
    await client.until('Z');
    // Twenty simple queries without waiting for an answer.
    client.send(...Array.from({ length: 20 }, (_, n) => query(`SELECT ${String(n)}`)));
    await client.until('Z', 20);
  });
}

export async function statementWork(place: Place): Promise<void> {
  await place.wire('bob', 'sales', async (client) => {
    client.send(parse('SELECT n FROM numbers WHERE n < $1', 'few'), describe('S', 'few'), sync);
    await client.until('Z');
    client.send(sync);
    await client.until('Z');
    for (const limit of ['3', '8', '1000']) {
      client.send(bind({ name: 'few', values: [limit] }), execute(), sync);
      await client.until('Z');
    }
    client.send(close('S', 'few'), sync);
    await client.until('Z');
    client.send(bind({ name: 'few', values: ['3'] }), execute(), sync);
    await client.until('Z');
    client.send(execute({ portal: 'none' }), sync);
    await client.until('Z');
    client.send(describe('S', 'none'), sync);
    await client.until('Z');
    // Parsed again under the same name with another text.
    client.send(parse('SELECT 1', 'again'), sync);
    await client.until('Z');
    client.send(parse('SELECT 2', 'again'), bind({ name: 'again' }), execute(), sync);
    await client.until('Z');
    client.send(close('S', 'again'), parse('SELECT 3', 'again'));
    client.send(bind({ name: 'again' }), execute(), sync);
    await client.until('Z');
    // Answers are asked for before the round ends.
    client.send(parse('SELECT 4'), flush);
    await client.until('1');
    client.send(bind(), execute(), flush);
    await client.until('C');
    client.send(sync);
    await client.until('Z');
    client.send(parse('SELEC 5'), bind(), execute(), sync);
    await client.until('Z');
    client.send(extended(''), sync);
    await client.until('Z');
  });
}

/** Portals that are executed in parts. */
export async function portalWork(place: Place): Promise<void> {
  await place.wire('paul', 'stock', async (client) => {
    client.send(parse('SELECT n FROM numbers ORDER BY n LIMIT 25'), bind({ portal: 'slow' }));
    for (let part = 0; part < 3; part++) client.send(execute({ portal: 'slow', rowsMax: 10 }));
    client.send(sync);
    await client.until('Z');
    await client.query('BEGIN');
    client.send(
      parse('SELECT n FROM numbers ORDER BY n LIMIT 7'),
      bind({ portal: 'open' }),
      execute({ portal: 'open', rowsMax: 5 }),
      sync,
    );
    await client.until('Z');
    await client.query('SELECT 1');
    client.send(execute({ portal: 'open', rowsMax: 5 }), close('P', 'open'), sync);
    await client.until('Z');
    await client.query('COMMIT');
  });
}

export async function copyWork(place: Place): Promise<void> {
  await place.wire('alice', 'stock', async (client) => {
    client.send(query('COPY parent (id, name) FROM STDIN'));
    await client.until('G');
    for (let id = 500; id < 600; id++) client.send(copyData(`${String(id)}\tcopied\n`));
    client.send(copyDone);
    await client.until('Z');
    client.send(query('COPY parent (id, name) FROM STDIN'));
    await client.until('G');
    client.send(copyData('600\tnever\n'), copyFail('changed my mind'));
    await client.until('Z');
    client.send(query('COPY parent (id, name) FROM STDIN'));
    await client.until('G');
    // Two rows in one message, one of them twice, and the rest of a row in the next message.
    client.send(copyData('601\ta\n601\tb\n60'), copyData('2\tc\n'), copyDone);
    await client.until('Z');
    await client.query('COPY (SELECT n, label FROM numbers) TO STDOUT');
    await client.query('DELETE FROM parent WHERE id >= 500');
    client.send(parse('COPY parent (id, name) FROM STDIN'), bind(), execute(), sync);
    await client.until('G');
    client.send(copyData('700\textended\n'), copyDone, sync);
    await client.until('Z');
    // COPY among other statements of one string.
    client.send(query('SELECT 1; COPY parent (id, name) FROM STDIN; SELECT 2'));
    await client.until('G');
    client.send(copyData('701\tmulti\n'), copyDone);
    await client.until('Z');
    await client.query('DELETE FROM parent WHERE id >= 700');
  });
}
