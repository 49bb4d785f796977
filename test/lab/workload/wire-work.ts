/** What drivers seldom do, message by message: pipelines, portals, half-done extended queries, COPY that fails. */
import { client as say, extended } from '../../wire/postgres.ts';
import type { Place } from './place.ts';

export async function pipelineWork(place: Place): Promise<void> {
  await place.wire('alice', 'sales', async (client) => {
    // Five statements before one Sync are one transaction.
    const inserts = [400, 401, 402, 403, 404].map((id) =>
      extended('INSERT INTO parent VALUES ($1, $2, 1)', [String(id), `pipelined ${String(id)}`]),
    );
    client.send(...inserts, say.sync());
    await client.until('Z');
    // An error in the middle: the first is undone, the third is never looked at.
    client.send(
      extended('DELETE FROM parent WHERE id = $1', ['400']),
      extended('SELECT 1 / $1::int', ['0']),
      extended('DELETE FROM parent WHERE id = $1', ['401']),
      say.sync(),
    );
    await client.until('Z');
    // Many Syncs in flight; the second and the fifth fail.
    client.send(
      ...[1, 0, 2, 3, 0, 4].map((n) =>
        Buffer.concat([extended('SELECT 10 / $1::int', [String(n)]), say.sync()]),
      ),
    );
    await client.until('Z', 6);
    // A transaction sent at once.
    client.send(
      extended('BEGIN'),
      extended('DELETE FROM parent WHERE id BETWEEN $1 AND $2', ['400', '404']),
      extended('COMMIT'),
      say.sync(),
    );
    await client.until('Z');
    // Twenty simple queries without waiting for an answer.
    client.send(...Array.from({ length: 20 }, (_, n) => say.query(`SELECT ${String(n)}`)));
    await client.until('Z', 20);
  });
}

export async function statementWork(place: Place): Promise<void> {
  await place.wire('bob', 'sales', async (client) => {
    client.send(
      say.parse('SELECT n FROM numbers WHERE n < $1', 'few'),
      say.describe('S', 'few'),
      say.sync(),
    );
    await client.until('Z');
    client.send(say.sync());
    await client.until('Z');
    for (const limit of ['3', '8', '1000']) {
      client.send(say.bind({ statement: 'few', values: [limit] }), say.execute(), say.sync());
      await client.until('Z');
    }
    client.send(say.close('S', 'few'), say.sync());
    await client.until('Z');
    client.send(say.bind({ statement: 'few', values: ['3'] }), say.execute(), say.sync());
    await client.until('Z');
    client.send(say.execute('none'), say.sync());
    await client.until('Z');
    client.send(say.describe('S', 'none'), say.sync());
    await client.until('Z');
    // Parsed again under the same name with another text.
    client.send(say.parse('SELECT 1', 'again'), say.sync());
    await client.until('Z');
    client.send(
      say.parse('SELECT 2', 'again'),
      say.bind({ statement: 'again' }),
      say.execute(),
      say.sync(),
    );
    await client.until('Z');
    client.send(say.close('S', 'again'), say.parse('SELECT 3', 'again'));
    client.send(say.bind({ statement: 'again' }), say.execute(), say.sync());
    await client.until('Z');
    // Answers are asked for before the round ends.
    client.send(say.parse('SELECT 4'), say.flush());
    await client.until('1');
    client.send(say.bind(), say.execute(), say.flush());
    await client.until('C');
    client.send(say.sync());
    await client.until('Z');
    client.send(say.parse('SELEC 5'), say.bind(), say.execute(), say.sync());
    await client.until('Z');
    client.send(extended(''), say.sync());
    await client.until('Z');
  });
}

/** Portals that are executed in parts. */
export async function portalWork(place: Place): Promise<void> {
  await place.wire('paul', 'stock', async (client) => {
    client.send(
      say.parse('SELECT n FROM numbers ORDER BY n LIMIT 25'),
      say.bind({ portal: 'slow' }),
    );
    for (let part = 0; part < 3; part++) client.send(say.execute('slow', 10));
    client.send(say.sync());
    await client.until('Z');
    await client.query('BEGIN');
    client.send(
      say.parse('SELECT n FROM numbers ORDER BY n LIMIT 7'),
      say.bind({ portal: 'open' }),
      say.execute('open', 5),
      say.sync(),
    );
    await client.until('Z');
    await client.query('SELECT 1');
    client.send(say.execute('open', 5), say.close('P', 'open'), say.sync());
    await client.until('Z');
    await client.query('COMMIT');
  });
}

export async function copyWork(place: Place): Promise<void> {
  await place.wire('alice', 'stock', async (client) => {
    client.send(say.query('COPY parent (id, name) FROM STDIN'));
    await client.until('G');
    for (let id = 500; id < 600; id++) client.send(say.copyData(`${String(id)}\tcopied\n`));
    client.send(say.copyDone());
    await client.until('Z');
    client.send(say.query('COPY parent (id, name) FROM STDIN'));
    await client.until('G');
    client.send(say.copyData('600\tnever\n'), say.copyFail('changed my mind'));
    await client.until('Z');
    client.send(say.query('COPY parent (id, name) FROM STDIN'));
    await client.until('G');
    // Two rows in one message, one of them twice, and the rest of a row in the next message.
    client.send(say.copyData('601\ta\n601\tb\n60'), say.copyData('2\tc\n'), say.copyDone());
    await client.until('Z');
    await client.query('COPY (SELECT n, label FROM numbers) TO STDOUT');
    await client.query('DELETE FROM parent WHERE id >= 500');
    client.send(
      say.parse('COPY parent (id, name) FROM STDIN'),
      say.bind(),
      say.execute(),
      say.sync(),
    );
    await client.until('G');
    client.send(say.copyData('700\textended\n'), say.copyDone(), say.sync());
    await client.until('Z');
    // COPY among other statements of one string.
    client.send(say.query('SELECT 1; COPY parent (id, name) FROM STDIN; SELECT 2'));
    await client.until('G');
    client.send(say.copyData('701\tmulti\n'), say.copyDone());
    await client.until('Z');
    await client.query('DELETE FROM parent WHERE id >= 700');
  });
}
