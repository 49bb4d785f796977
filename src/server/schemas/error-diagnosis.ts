/** Schema of the causes of errors (events/error-diagnosis.ts). */
import Type from 'typebox';
import { CLOSED, count, fingerprint, orNull, share, text, timeUs } from './values.ts';

const number = (description: string) => Type.Number({ minimum: 0, description });

const burstSchema = Type.Object(
  {
    fromUs: timeUs('Start of its first minute'),
    toUs: timeUs('End of its last minute'),
    count: count('Failures in its minutes'),
    minuteCount: count('Failures in its fullest minute'),
    usualPerMinute: number('Failures in a minute before it, on average'),
    threshold: count('From so many on a minute is a burst'),
  },
  { ...CLOSED, description: 'Minutes with more failures than the past of the code explains' },
);

const holderSchema = Type.Object(
  {
    sessionId: text('16 hex digits'),
    client: text('Host'),
    clientPort: count('Its port'),
    name: orNull(text('Its application, else its user')),
    sinceUs: timeUs('When its transaction began'),
    endUs: orNull(timeUs('When that ended; null: not seen')),
    count: count('Failures that probably waited for it'),
  },
  { ...CLOSED, description: 'A transaction that was probably waited for' },
);

const causeSchema = Type.Object(
  {
    server: text('address:port'),
    sqlstate: text('The error code as the server sent it'),
    errorClass: text('Root-cause class'),
    meaning: text('What this class of error means'),
    concern: Type.Union([
      Type.Literal('application'),
      Type.Literal('database'),
      Type.Literal('operation'),
      Type.Literal('follow_on'),
    ]),
    advice: text('What to do about it'),
    count: count('Statements that failed with it, and refused logins'),
    logins: count('Of count: logins that the server refused'),
    followOn: count('Statements that were ignored because it had ended their transaction'),
    cancelRequested: count('Of count: cancelled by a request of a client that was seen'),
    shareOfFailures: share('count and followOn, of all failures of the window'),
    shareOfAnswers: orNull(share('Of the answers of the node')),
    firstUs: timeUs('First in the window'),
    lastUs: timeUs('Last in the window'),
    firstSeenUs: timeUs('First on this node, as far back as the store remembers'),
    sessions: count('Connections that met it'),
    channels: Type.Array(text('16 hex digits'), { description: 'Those that met it most' }),
    clients: Type.Array(Type.String()),
    applications: Type.Array(Type.String()),
    tables: Type.Array(Type.String()),
    classes: Type.Array(
      Type.Object(
        {
          fingerprint,
          normalized: text('The text with literals as ?'),
          tables: Type.Array(Type.String()),
          count: count('How often it failed with it'),
        },
        CLOSED,
      ),
    ),
    example: Type.Object(
      {
        tsUs: timeUs('Of the first one in the window'),
        sessionId: text('16 hex digits'),
        client: text('Address'),
        message: text('What the server said, values left out'),
      },
      CLOSED,
    ),
    isNew: Type.Boolean({ description: 'Never seen on this node before this window' }),
    bursts: Type.Array(burstSchema),
    holders: Type.Array(holderSchema, {
      description: 'Of errors that a wait ends with: what was waited for, most failures first',
    }),
  },
  { ...CLOSED, description: 'One error code with one root-cause class on one database node' },
);

export const errorDiagnosisSchema = Type.Object(
  {
    failures: count('Failed statements and refused logins'),
    logins: count('Of them: refused logins'),
    followOn: count('Of them: ignored only because their transaction had failed'),
    codes: count('Distinct codes'),
    unclassified: count('Failures whose code the taxonomy does not know'),
    unclassifiedShare: orNull(share('Of all failures')),
    learning: Type.Boolean({
      description: 'Too little is stored from before the window to say what is new or a burst',
    }),
    causes: Type.Array(causeSchema),
    causesCount: count('All causes, of which the first fifty are told'),
  },
  { ...CLOSED, description: 'D1: what is behind failed statements' },
);
