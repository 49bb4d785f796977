/** What the statements and errors of the sample hour (sample-facts.ts) are like. */

/** What a page must show as text and never run. */
export const HOSTILE_SQL =
  'SELECT \'</script><script>window.pwned=1</script><img src=x onerror="window.pwned=1">\' FROM accounts';

/** Text, calls, median in microseconds, spread, rows returned and affected by one call, errors. */
export type ClassShape = readonly [string, number, number, number, number, number, number];

export const CLASS_SHAPES: readonly ClassShape[] = [
  [
    'SELECT balance, currency, status FROM accounts WHERE account_id = ?',
    811_402,
    420,
    0.7,
    1,
    0,
    0,
  ],
  [
    'UPDATE accounts SET balance = balance + ?, updated_at = now() WHERE account_id = ? AND version = ?',
    214_880,
    1450,
    1.3,
    0,
    1,
    388,
  ],
  [
    'INSERT INTO ledger_entries (entry_id, account_id, amount, currency, booked_at, reference) VALUES (?)',
    214_512,
    780,
    0.9,
    0,
    1,
    61,
  ],
  [
    'SELECT e.entry_id, e.amount, e.booked_at, e.reference, c.name FROM ledger_entries e JOIN counterparties c ON c.counterparty_id = e.counterparty_id WHERE e.account_id = ? AND e.booked_at >= ? ORDER BY e.booked_at DESC LIMIT ?',
    96_340,
    5200,
    1.0,
    24,
    0,
    0,
  ],
  [
    'SELECT sum(amount), count(*) FROM ledger_entries WHERE booked_at >= ? AND booked_at < ? GROUP BY currency',
    412,
    1_840_000,
    0.5,
    9,
    0,
    14,
  ],
  ['BEGIN', 268_400, 95, 0.4, 0, 0, 0],
  ['COMMIT', 266_120, 640, 0.8, 0, 0, 3],
  [
    'SELECT p.payment_id, p.state, p.amount FROM payments p WHERE p.state = ? AND p.due_at < ? ORDER BY p.due_at FOR UPDATE SKIP LOCKED LIMIT ?',
    18_240,
    14_800,
    1.2,
    40,
    0,
    122,
  ],
  [
    'UPDATE payments SET state = ?, settled_at = ? WHERE payment_id IN (?)',
    17_902,
    6100,
    1.4,
    0,
    38,
    204,
  ],
  ['INSERT INTO audit_log (actor, action, subject, detail) VALUES (?)', 233_018, 510, 0.6, 0, 1, 0],
  [
    'SELECT customer_id, name, risk_class FROM customers WHERE lower(email) = lower(?)',
    8412,
    88_000,
    0.4,
    1,
    0,
    0,
  ],
  ['DELETE FROM sessions WHERE expires_at < ?', 60, 412_000, 0.6, 0, 5400, 2],
  ['SELECT count(*) FROM payments WHERE state = ?', 3600, 31_000, 0.5, 1, 0, 0],
  [
    'INSERT INTO payments (payment_id, debtor, creditor, amount, currency, state) VALUES (?) ON CONFLICT (payment_id) DO NOTHING RETURNING payment_id',
    41_230,
    1900,
    0.9,
    1,
    1,
    410,
  ],
  ['COPY statement_export FROM STDIN', 12, 4_210_000, 0.3, 0, 120_000, 0],
  ['SET application_name = ?', 1240, 60, 0.3, 0, 0, 0],
  ['ROLLBACK', 2610, 210, 0.6, 0, 0, 0],
  [HOSTILE_SQL, 31, 2600, 0.5, 1, 0, 31],
];

/** SQLSTATE, class, count, message, index of the class of statements, clients. */
export type ErrorShape = readonly [string, string, number, string, number, readonly string[]];

export const ERROR_SHAPES: readonly ErrorShape[] = [
  ['40P01', 'deadlock', 388, 'deadlock detected', 1, ['10.20.4.11', '10.20.4.12']],
  [
    '23505',
    'duplicate_key',
    410,
    'duplicate key value violates unique constraint "payments_pkey"',
    13,
    ['10.20.4.11', '10.20.4.12'],
  ],
  ['55P03', 'lock_timeout', 204, 'canceling statement due to lock timeout', 8, ['10.20.4.30']],
  [
    '57014',
    'statement_timeout',
    138,
    'canceling statement due to statement timeout',
    7,
    ['10.20.4.30', '10.20.4.11'],
  ],
  [
    '25P02',
    'tx_aborted',
    61,
    'current transaction is aborted, commands ignored until end of transaction block',
    2,
    ['10.20.4.12'],
  ],
  [
    '42P01',
    'undefined_object',
    31,
    'relation "account" does not exist <b>bold</b>',
    17,
    ['10.20.4.12'],
  ],
];
