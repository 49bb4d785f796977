/** Schema of open transactions (events/open-transactions.ts). */
import Type from 'typebox';
import { CLOSED, count, durationUs, fingerprint, orNull, share, text, timeUs } from './values.ts';

const typeId = Type.String({ pattern: '^[0-9a-f]{16}$', description: 'Type of transactions' });

export const typeNameFields = { type: typeId, text: text('Its statements in short') };

const nextStatementSchema = Type.Object(
  {
    fingerprint: orNull(fingerprint),
    text: text('Normalised text; COMMIT or ROLLBACK'),
    probability: share('That it comes next'),
  },
  CLOSED,
);

const resembledTypeSchema = Type.Object(
  {
    ...typeNameFields,
    similarity: share('How well its statements so far agree with the beginning of the type'),
    share: share('Of the transactions that begin like this one, those of types like this'),
  },
  CLOSED,
);

const timeLeftSchema = Type.Object(
  {
    lowUs: durationUs('One of ten has ended'),
    medianUs: durationUs('Half have ended'),
    highUs: durationUs('Nine of ten have ended'),
  },
  { ...CLOSED, description: 'What was left to others that stood at its point for as long' },
);

const rowSchema = Type.Object(
  {
    sessionId: text('16 hex digits'),
    client: text('Address'),
    clientPort: Type.Integer({ minimum: 0 }),
    server: text('address:port'),
    user: orNull(Type.String()),
    database: orNull(Type.String()),
    application: orNull(Type.String()),
    torn: Type.Boolean({
      description: 'Bytes of the session were lost: its end may have been among them',
    }),
    sinceUs: timeUs('When it began, or was first seen'),
    asOfUs: timeUs('The moment for which the rest holds'),
    endUs: orNull(timeUs('When it ended, be it behind the window; null: not seen')),
    outcome: orNull(Type.Union([Type.Literal('commit'), Type.Literal('rollback')])),
    statements: count('Until then, BEGIN not counted'),
    rowsAffected: count('Rows changed until then'),
    lastStatementUs: orNull(timeUs('When its last statement was sent')),
    lastAnswerUs: orNull(timeUs('When that was answered')),
    endAskedUs: orNull(timeUs('When its COMMIT or ROLLBACK was sent; null while it is open')),
    working: orNull(Type.Boolean({ description: 'A request is being worked on; null: not known' })),
    ageUs: durationUs('Open for'),
    thresholdUs: durationUs('The age from which it is long'),
    long: Type.Boolean({ description: 'It is older than that' }),
    lastFingerprint: orNull(fingerprint),
    lastText: orNull(text('Normalised text of its last statement')),
    resembles: orNull(resembledTypeSchema),
    next: Type.Array(nextStatementSchema, {
      description: 'Most probable first, at most three; empty where no guess is good enough',
    }),
    commitProbability: orNull(
      share(
        'That it commits, by others at its point; null where that tells no more than commitUsual',
      ),
    ),
    commitUsual: orNull(share('Of all transactions of its server, those that commit')),
    timeLeft: orNull(timeLeftSchema),
    bigProbability: orNull(share('That it becomes big')),
    waitingCount: count('Channels that waited on its tables for a second or more'),
    waiting: Type.Array(
      Type.Object(
        {
          sessionId: text('16 hex digits'),
          client: text('Host'),
          fingerprint,
          sinceUs: timeUs('When it was asked'),
          text: text('Normalised text'),
        },
        CLOSED,
      ),
      { description: 'The longest wait first, at most ten' },
    ),
    gaveUpCount: count(
      'Statements of others that failed in the window since they had waited too long, probably for it',
    ),
    gaveUp: Type.Array(
      Type.Object(
        {
          client: text('Host'),
          fingerprint,
          sqlstate: text('The error code as the server sent it'),
          count: count('Statements'),
          longestUs: durationUs('From being sent to having failed, at most'),
          text: text('Normalised text'),
        },
        CLOSED,
      ),
      { description: 'By host, class and code, most first' },
    ),
  },
  { ...CLOSED, description: 'A transaction with BEGIN' },
);

const pointSchema = Type.Object(
  {
    startUs: timeUs('Start of the step'),
    longCount: count('At its end, those older than half a minute'),
    oldestSinceUs: orNull(timeUs('When the oldest of them began')),
    oldestType: orNull(typeId),
  },
  CLOSED,
);

export const openTransactionsSchema = Type.Object(
  {
    asOfUs: timeUs('The end of the window, or of what is known of it'),
    openCount: count('Open at that moment'),
    longCount: count('Of the listed ones, those that are long'),
    open: Type.Array(rowSchema, {
      description: 'Open for a second or more, the oldest first, at most fifty',
    }),
    endedCount: count('Long ones that ended in the window'),
    ended: Type.Array(rowSchema, {
      description:
        'The longest of them first, at most twenty; then at most twenty that were not long and that others waited for',
    }),
    course: Type.Array(pointSchema, { description: 'Steps in which any was long' }),
  },
  { ...CLOSED, description: 'Uncommitted transactions' },
);
