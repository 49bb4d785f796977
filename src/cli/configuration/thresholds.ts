/**
 * The thresholds of the analyzers in the configuration file: one group an analyzer, whose keys are those of the
 * analyzer's settings (`hangMinUs` is `hang-min-ms`). What they mean and why they have their defaults stands in
 * analysis/README.md and beside each analyzer.
 */
import Type from 'typebox';

const CLOSED = { additionalProperties: false };
const MS_MAX = 86_400_000;
/** What the states of a moment look back on. */
const MINUTE_MS = 60_000;

const durationMs = (description: string, minimum = 0, maximum = MS_MAX) =>
  Type.Optional(
    Type.Number({
      minimum,
      maximum,
      title: `milliseconds from ${minimum} to ${maximum}`,
      description,
    }),
  );
const number = (description: string, minimum: number, maximum: number) =>
  Type.Optional(
    Type.Number({
      minimum,
      maximum,
      title: `a number from ${minimum} to ${maximum}`,
      description,
    }),
  );
const count = (description: string, minimum = 1, maximum = 1_000_000) =>
  Type.Optional(
    Type.Integer({
      minimum,
      maximum,
      title: `a whole number from ${minimum} to ${maximum}`,
      description,
    }),
  );

const healthKeys = {
  definition: Type.Optional(
    Type.Union([Type.Literal('refined'), Type.Literal('plain')], {
      title: 'refined or plain',
      description: 'By which definitions states are told; the plain ones have the keys plain-...',
    }),
  ),
  'slow-ms': durationMs(
    'A mean response time beyond this is slow; learnt from the node when absent',
    0.001,
  ),
  'slow-floor-ms': durationMs('What is learnt is never below this'),
  'slow-learning-ms': durationMs('Slow before anything is learnt', 0.001),
  'jitter-share': number('Deviation of the response time, as a share of its mean', 0.01, 100),
  'jitter-floor-ms': durationMs('Smaller deviations are no jitter'),
  'growth-share': number('Growth of the response time within ten minutes', 0.01, 100),
  'connections-loss-share': number('Loss of connections within ten minutes', 0.01, 1),
  'hang-min-ms': durationMs(
    'A request waits at least this long before its node hangs',
    1000,
    MINUTE_MS,
  ),
  'hang-max-ms': durationMs('and at most this long', 1000, MINUTE_MS),
  'hang-outstanding-min': count('So many requests wait when a database hangs'),
  'refused-min': count('So many connections are refused in ten seconds when a database is down'),
  'application-gone-ms': durationMs(
    'An application without connections for so long is down',
    1000,
    MINUTE_MS,
  ),
  'lost-share-max': number('A second that lost a larger share of its bytes tells nothing', 0, 1),
  'plain-slow-ms': durationMs('Plain: the mean of the line through a minute', 0.001),
  'plain-deviation-ms': durationMs('Plain jitter: deviation around that line', 0.001),
  'plain-growth-per-minute-ms': durationMs('Plain sub-healthy: slope of that line', 0.001),
  'plain-connections-loss-per-minute': number('Plain: slope of the connections', 0.01, 1e6),
};

export const healthThresholds = Type.Object(healthKeys, {
  ...CLOSED,
  title: 'thresholds of health, such as { slow-ms: 500 }',
  description: 'The states of the nodes',
});

const errorThresholds = Type.Object(
  {
    'burst-min': count('Failures of one code in a minute that can be a burst'),
    'burst-probability': number('A minute less probable than this is a burst', 1e-12, 0.1),
    'burst-share-factor': number('A burst has so many times the usual share of answers', 1, 1000),
    'burst-record-factor': number('and so many times the fullest minute before it', 1, 1000),
    'history-minutes-min': count('Minutes of history before anything is new or a burst', 5, 360),
    'new-min': count('A code never seen before is told from so many on'),
    'share-max': number('A cause of a larger share of all answers is told', 0.0001, 1),
    'gap-minutes-max': count('Bursts of one code so many minutes apart are one', 0, 60),
  },
  {
    ...CLOSED,
    title: 'thresholds of errors, such as { new-min: 10 }',
    description: 'The causes of errors',
  },
);

const throughputThresholds = Type.Object(
  {
    'low-share': number('A minute with less than this share of the usual TPS is low', 0.01, 1),
    deviations: number('and so many deviations below it', 0, 100),
    'low-of-four': count('So many low minutes out of four are told', 1, 4),
    'end-share': number('It ends above this share of the usual', 0.01, 1),
    'history-minutes-min': count('Minutes of history before anything is low', 3, 60),
    'yield-min': number('The plain rule blames the database below this yield', 0, 1),
    'database-errors-share': number('A larger share of its own errors: the database', 0, 1),
    'fewer-requests-share': number(
      'A host with less than this share of its requests asks less',
      0,
      1,
    ),
    'slow-factor': number('Its mean response time is so many times the usual', 1, 1000),
    'slow-floor-ms': durationMs('and so much longer'),
    'answered-share': number('Below this share of answers a host is not answered', 0, 1),
    'longer-factor': number(
      'Transactions with so many times the usual requests are longer',
      1,
      1000,
    ),
    'delayed-share': number(
      'The network: the shortest answers are later by this share of what the mean is',
      0,
      10,
    ),
    'lost-share': number('From this share of lost bytes on the capture is asked first', 0, 1),
  },
  {
    ...CLOSED,
    title: 'thresholds of low TPS, such as { low-share: 0.3 }',
    description: 'Low TPS and whose doing it is',
  },
);

const openTransactionThresholds = Type.Object(
  {
    'idle-least-ms': durationMs('An open transaction is idle after so long without a request'),
    'idle-warning-ms': durationMs('One with changes that is open for so long is a warning'),
    'wait-critical-ms': durationMs('Others waiting for it so long is critical'),
    'waiting-critical': count('and so many channels waiting for it too'),
    'ending-least-ms': durationMs(
      'A COMMIT that takes so long is itself what keeps others waiting',
    ),
    'many-least': count('So many idle ones at once are told as one'),
    'big-probability-least': number('One that becomes big more surely than this is told', 0, 1),
  },
  {
    ...CLOSED,
    title: 'thresholds of open transactions, such as { idle-least-ms: 60000 }',
    description: 'Uncommitted transactions',
  },
);

const bigTransactionThresholds = Type.Object(
  {
    'alert-share': number('A class of which surely more than this share is big is told', 0, 1),
    'learnt-least': count('Transactions of a server from which its own limit is learnt'),
    'p-value-most': number('A relation that chance explains less often than this is told', 0, 1),
    'lift-least': number('and that is at least so strong', 1, 1_000_000),
    'big-least': count('and is not made of fewer'),
    'rows-max': count('Rows of each list', 1, 100),
  },
  {
    ...CLOSED,
    title: 'thresholds of big transactions, such as { alert-share: 0.2 }',
    description: 'Big statements and transactions',
  },
);

const classThresholds = Type.Object(
  {
    'answered-min': count('A class of fewer executions is not compared', 2),
    'p-value-max': number('Slower than the others by less than this chance', 1e-6, 0.5),
    'share-min': number('A class that takes a smaller share of the time is left out', 0, 1),
    'large-bytes': count('Bytes of an average answer that is large', 1, 1_000_000_000),
    'apart-factor': number('Long executions are so many times as long as short ones', 2, 1e6),
    'apart-share': number('and each kind has this share of all', 0.001, 0.5),
    'change-factor': number('A sudden change: so many times as long as before', 1, 1e6),
    'change-floor-ms': durationMs('and so much longer'),
    'change-steps-min': count('with so many steps before and after it', 2, 100),
    'others-factor': number('while the others got longer by less than this factor', 1, 1e6),
    'alone-share': number('or while it made this share of all the time that came on top', 0.5, 1),
    'alone-factor': number('or while it grew by so many times what the others grew by', 1, 1e6),
    'fetch-executions-min': count('Slow fetch: executions with large answers'),
    'fetch-share': number('whose rows arrive for this share of the time', 0, 1),
    'fetch-floor-ms': durationMs('and for so long'),
    'fetch-bytes-per-second-max': count('with no more bytes a second', 1, 1_000_000_000),
    'queue-steps-min': count('Queueing: so many steps', 5, 10_000),
    'queue-rate-factor': number('of which busy ones have so many times the requests', 1, 1000),
    'queue-time-factor': number('and take so many times as long', 1, 1000),
    'queue-under-way-min': number('with so many executions at once', 0, 1e6),
    'queue-alone-factor': number('while quiet ones stay the same within this factor', 1, 1000),
    'queue-correlation-min': number('and the time goes with the requests', 0, 1),
    'queue-p-value-max': number('by less than this chance', 1e-6, 0.5),
    'wildcard-share': number('So many of the values of a LIKE begin with %', 0, 1),
    'repetition-runs-min': count('N+1: so often as many executions as there were rows'),
    'repetition-matched-share': number('in this share of all runs behind that list', 0, 1),
    'repetition-length-min': count('with so many executions on average'),
    'repetition-share-min': number('which are so much of what the host asks', 0, 1),
  },
  {
    ...CLOSED,
    title: 'thresholds of slow classes, such as { share-min: 0.05 }',
    description: 'Classes slower than the mean',
  },
);

const queryThresholds = Type.Object(
  {
    'similarity-min': number('Queries that are so much alike are one cluster', 0, 1),
    'tables-weight': number('What equal tables count in that', 0, 1),
    'predicates-weight': number('What equal columns in conditions count in that', 0, 1),
    'answered-min': count('A way to ask with fewer executions is not compared', 2),
    'p-value-max': number('Slower than the others by less than this chance', 1e-6, 0.5),
    'long-factor': number('A way to ask is long from so many times the others on', 1, 1e6),
    'floor-ms': durationMs('and at least so long; what grows as well'),
    'growth-factor': number('At the end of the window so many times as long', 1, 1e6),
    'growth-p-value-max': number('A trend by less than this chance', 1e-6, 0.5),
    'growth-steps-min': count('in so many steps', 5, 10_000),
    'step-answered-min': count('with so many executions each'),
    'excess-share-min': number('A long way to ask that costs less is not told', 0, 1),
    'growth-share-min': number('A growing cluster of less time is not told', 0, 1),
  },
  {
    ...CLOSED,
    title: 'thresholds of clusters of queries, such as { long-factor: 10 }',
    description: 'Clusters of queries',
  },
);

/** What is read for a forecast (src/store/questions/class-forecast.ts) are two hours: a line, and as long before it to try it. */
const LINE_MINUTES_MAX = 60;

const forecastThresholds = Type.Object(
  {
    'threshold-ms': durationMs(
      'A mean response time that must not be reached; learnt when absent',
      0.001,
    ),
    'threshold-floor-ms': durationMs('What is learnt is never below this'),
    'line-minutes': count('Minutes that the line goes through', 5, LINE_MINUTES_MAX),
    'minutes-min': count('and at least so many of them with calls', 5, LINE_MINUTES_MAX),
    'calls-min': count('so many each'),
    'p-value-max': number('A trend by less than this chance', 1e-6, 0.5),
    'change-min': number('and by this share within an hour', 0, 100),
    'ahead-minutes': Type.Optional(
      Type.Array(Type.Integer({ minimum: 1, maximum: LINE_MINUTES_MAX }), {
        minItems: 1,
        maxItems: 10,
        title: 'a list of minutes ahead, such as [5, 30]',
        description: 'Minutes ahead for which a forecast is made and tried',
      }),
    ),
    'tried-every-minutes': count('Minutes between two tries in the past', 1, LINE_MINUTES_MAX),
    'tries-min': count('Fewer tries say nothing about skill', 2, 60),
    'error-ratio-max': number('Error of a forecast with skill, by that of the naive one', 0.01, 1),
    'warn-within-ms': durationMs('A threshold nearer than this is warned of'),
    'share-min': number('A class that takes a smaller share of the time has none', 0, 1),
  },
  {
    ...CLOSED,
    title: 'thresholds of the forecast, such as { threshold-ms: 200 }',
    description: 'Where the response times of classes go',
  },
);

const hotValueThresholds = Type.Object(
  {
    'calls-min': count('A place with fewer executions has no hot value'),
    'share-min': number('A hot value has a larger share of them', 0, 1),
    'times-fair': number('and so many times what it would have if all had the same', 1, 1e6),
    'single-share-min': number('A single value has this share', 0.5, 1),
    'contended-ms-min': durationMs('Three waited at once for one value, for so long in sum'),
    'order-min': number('Integers rise with time: rank correlation', 0, 1),
    'rows-max': count('Rows of the list', 1, 100),
  },
  {
    ...CLOSED,
    title: 'thresholds of values, such as { share-min: 0.3 }',
    description: 'Values that stand out',
  },
);

const incidentThresholds = Type.Object(
  {
    'gap-ms': durationMs('Findings so far apart are one incident'),
    'context-ms': durationMs('What happened so long before is told with it'),
    'context-max': count('Lines of what was before', 1, 100),
    'timeline-max': count('Lines of a timeline', 1, 1_000),
    'incidents-max': count('Incidents of a window', 1, 100),
    'connections-lost-min': count('Connections of a database that closed at once'),
    'connections-left-share-max': number('and left no more than this share', 0, 1),
    'open-transaction-min-ms': durationMs('A transaction open for so long may be the cause'),
  },
  {
    ...CLOSED,
    title: 'thresholds of incidents, such as { gap-ms: 300000 }',
    description: 'What makes findings one incident',
  },
);

export const thresholds = Type.Object(
  {
    health: Type.Optional(healthThresholds),
    errors: Type.Optional(errorThresholds),
    throughput: Type.Optional(throughputThresholds),
    'open-transactions': Type.Optional(openTransactionThresholds),
    'big-transactions': Type.Optional(bigTransactionThresholds),
    classes: Type.Optional(classThresholds),
    queries: Type.Optional(queryThresholds),
    forecast: Type.Optional(forecastThresholds),
    'hot-values': Type.Optional(hotValueThresholds),
    incidents: Type.Optional(incidentThresholds),
    'per-node': Type.Optional(
      Type.Record(Type.String({ minLength: 1 }), healthThresholds, {
        title: 'nodes, each with its thresholds, such as { orders-db: { slow-ms: 50 } }',
        description:
          'Thresholds of health for one node, by its name or address; a host for all its endpoints',
      }),
    ),
  },
  {
    ...CLOSED,
    title: 'groups of thresholds, such as { health: { slow-ms: 500 } }',
    description: 'From when on the analyzers speak; each has a default',
  },
);

/** `hang-min-ms` of `hangMinUs`. */
export function thresholdKey(setting: string): string {
  return setting
    .replace(/Us(?=$|M(in|ax)$)/, 'Ms')
    .replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The settings with what a group of the file says in place of the defaults. */
export function withOverrides<Settings extends object>(
  defaults: Settings,
  group: object | undefined,
): Settings {
  return { ...defaults, ...overridesOf(defaults, group) };
}

/** Only what the group says. The schema has seen the group, and a test that its keys are those of the settings. */
export function overridesOf<Settings extends object>(
  defaults: Settings,
  group: object | undefined,
): Partial<Settings> {
  const given = new Map<string, unknown>(Object.entries(group ?? {}));
  return Object.fromEntries(
    Object.keys(defaults).flatMap((setting) => {
      const value = given.get(thresholdKey(setting));
      if (value === undefined) return [];
      const inUs = /Us(Min|Max)?$/.test(setting) && typeof value === 'number';
      return [[setting, inUs ? value * 1000 : value]];
    }),
  ) as Partial<Settings>;
}
