/** Schema of big statements and transactions (events/big-transactions.ts). */
import Type from 'typebox';
import { typeNameFields } from './open-transactions.ts';
import { CLOSED, count, fingerprint, orNull, share, text, timeUs } from './values.ts';

const rowsThreshold = Type.Number({ minimum: 0, description: 'More rows than this is big' });

const classSchema = Type.Object(
  {
    fingerprint,
    text: text('Normalised text'),
    server: text('address:port'),
    rowsThreshold,
    executions: count('In the window'),
    bigCount: count('Of them big'),
    bigShare: share('The same as a share'),
    bigShareLeast: share('Surely (95 %) more than this'),
    rowsAffected: count('Rows changed'),
    rowsAffectedMax: count('By the largest'),
    rowsMeanBefore: orNull(
      Type.Number({ minimum: 0, description: 'Mean of the week before the window' }),
    ),
    alert: Type.Boolean({ description: 'The share is beyond the alert level' }),
    types: Type.Array(
      Type.Object({ ...typeNameFields, transactions: count('In the window') }, CLOSED),
      { description: 'Types of transactions with it, the most frequent first, at most five' },
    ),
  },
  { ...CLOSED, description: 'A class of statements with big executions' },
);

const typeSchema = Type.Object(
  {
    ...typeNameFields,
    server: text('address:port'),
    transactions: count('In the window'),
    rowsThreshold,
    bigRowsCount: count('Beyond the threshold of rows'),
    manyStatementsCount: count('Beyond that of statements'),
    longCount: count('Beyond that of time'),
    rowsAffected: count('Rows changed'),
    rowsAffectedMax: count('By the largest'),
    shareOfRows: share('Of all rows that transactions changed'),
    transactionsBefore: count('In the week before the window'),
    bigRowsBefore: count('Of them beyond the threshold of rows'),
    sessionId: text('Of the largest, 16 hex digits'),
    largestUs: timeUs('When that began'),
  },
  { ...CLOSED, description: 'A type of transactions with big ones' },
);

const relationSchema = Type.Object(
  {
    fingerprint,
    text: text('Normalised text'),
    server: text('address:port'),
    transactions: count('With the class'),
    bigCount: count('Of them big'),
    lift: Type.Number({ minimum: 0, description: 'P(class | big) / P(class)' }),
    pValue: Type.Number({ minimum: 0, maximum: 1, description: 'Of a G-test' }),
  },
  { ...CLOSED, description: 'A class that stands in big transactions more often than in others' },
);

export const bigTransactionsSchema = Type.Object(
  {
    classes: Type.Array(classSchema, { description: 'By rows changed, most first' }),
    types: Type.Array(typeSchema, { description: 'By rows changed, most first' }),
    relations: Type.Array(relationSchema, { description: 'By lift, greatest first' }),
  },
  { ...CLOSED, description: 'Big statements and transactions' },
);
