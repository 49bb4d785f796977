/** What the two applications do all day: transfers in transactions, reads one by one. */
import { integerOf } from '../lab/random.ts';
import { Application, type Work } from './application.ts';
import { ACCOUNTS, ITEMS, ORDERS_HOST, OWNERS, SHOP_HOST } from './places.ts';

const MOVE = 'UPDATE accounts SET balance = balance + $1 WHERE id = $2';

/**
 * BEGIN, for each transfer two updates (the lower id first: no two of these lock each other out) and an insert, COMMIT.
 * @param keys what the keys of these transfers begin with
 * @param together so many in one transaction; several might lock each other out, among so many accounts once in a blue moon
 */
export function transfers(keys: string, together = 1): Work {
  let sent = 0;
  return async (say, random, breathe) => {
    await say('BEGIN');
    for (let transfer = 0; transfer < together; transfer++) {
      const source = integerOf(random, 1, ACCOUNTS - 100);
      const target = source + integerOf(random, 1, 100);
      const amount = integerOf(random, 1, 50);
      // Its own: the other workers count on while this one waits.
      const number = ++sent;
      await say(MOVE, [-amount, source], 'move');
      // The application's own business: what a bank checks before it pays.
      await breathe(15);
      await say(MOVE, [amount, target], 'move');
      await say(
        'INSERT INTO transfers (source, target, amount, key) VALUES ($1, $2, $3, $4)',
        [source, target, amount, `${keys}-${String(number)}`],
        'book',
      );
    }
    await say('COMMIT');
  };
}

export const browse: Work = async (say, random) => {
  if (random() < 0.7)
    await say(
      'SELECT id, title, price FROM items WHERE id = $1',
      [integerOf(random, 1, ITEMS)],
      'item',
    );
  else
    await say(
      'SELECT id, title, price FROM items WHERE owner = $1 ORDER BY price LIMIT 10',
      [integerOf(random, 1, OWNERS)],
      'items_of',
    );
};

/** @param load 1 is about 80 statements a second */
export function everydayApplications(
  seed: number,
  load: number,
): { orders: Application; shop: Application } {
  const orders = new Application({
    name: 'orders',
    host: ORDERS_HOST,
    workers: 6,
    pauseMs: 600 / load,
    seed: seed * 2,
    work: transfers(String(seed)),
  });
  const shop = new Application({
    name: 'shop',
    host: SHOP_HOST,
    workers: 5,
    pauseMs: 160 / load,
    seed: seed * 2 + 1,
    work: browse,
  });
  return { orders, shop };
}
