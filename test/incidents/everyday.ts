/** What the two applications do all day: transfers in transactions, reads one by one. */
import { integerOf } from '../lab/random.ts';
import { Application, type Work } from './application.ts';
import { ACCOUNTS, ITEMS, ORDERS_HOST, OWNERS, SHOP_HOST } from './places.ts';

/** BEGIN, two updates (the lower id first: no two of these lock each other out), an insert, COMMIT. */
export function transfer(seed: number): Work {
  let sent = 0;
  return async (say, random, breathe) => {
    const source = integerOf(random, 1, ACCOUNTS - 100);
    const target = source + integerOf(random, 1, 100);
    const amount = integerOf(random, 1, 50);
    const move = 'UPDATE accounts SET balance = balance + $1 WHERE id = $2';
    // Its own: the other workers count on while this one waits.
    const number = ++sent;
    await say('BEGIN');
    await say(move, [-amount, source], 'move');
    // The application's own business: what a bank checks before it pays.
    await breathe(15);
    await say(move, [amount, target], 'move');
    await say(
      'INSERT INTO transfers (source, target, amount, key) VALUES ($1, $2, $3, $4)',
      [source, target, amount, `${String(seed)}-${String(number)}`],
      'book',
    );
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
    work: transfer(seed),
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
