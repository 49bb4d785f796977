/**
 * Errors by code: what each means, whose business it is, when it came, which statements met it, what to do; and what was
 * noticed of it on each database: that it is new, that it came in bursts, what only followed from it.
 */
import { Fragment } from 'preact';
import type { ErrorCauseRow, ErrorHolder, ErrorRow, Report } from '../../../src/server/contract.ts';
import { Sparkline } from '../charts/sparkline.tsx';
import { formatCount, formatExact, formatShare } from '../format.ts';
import { NodeName } from '../parts/node-name.tsx';
import { SqlText } from '../parts/sql-text.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Clock, Count } from '../parts/values.tsx';
import { Section } from './section.tsx';

const CONCERNS = {
  application: 'application',
  database: 'database',
  operation: 'operation',
  follow_on: 'follow-on',
} as const;

const HOLDERS_MAX = 3;
const BURSTS_MAX = 3;
const STATEMENTS_MAX = 2;
const STATEMENT_LENGTH_MAX = 200;
const CLIENTS_MAX = 2;

/** One code of one class: what the window has of it, and what is behind it on each database; logins have no former. */
type Row = Pick<
  ErrorRow,
  'sqlstate' | 'errorClass' | 'meaning' | 'concern' | 'count' | 'firstUs' | 'lastUs' | 'clients'
> & {
  readonly message: string;
  readonly classes: ErrorRow['classes'];
  readonly shareOfAnswers: number | null;
  readonly overTime: readonly number[] | undefined;
  readonly causes: readonly ErrorCauseRow[];
};

function rowsOf({ errors, errorDiagnosis }: Report): Row[] {
  const { causes } = errorDiagnosis;
  const same = (a: ErrorRow | ErrorCauseRow, b: ErrorRow | ErrorCauseRow): boolean =>
    a.sqlstate === b.sqlstate && a.errorClass === b.errorClass;
  const failed = errors.map((error) => ({
    ...error,
    message: error.sampleMessage,
    causes: causes.filter((cause) => same(cause, error)),
  }));
  const logins = causes
    .filter((cause) => !errors.some((error) => same(error, cause)))
    .map((cause) => ({
      ...cause,
      message: cause.example.message,
      overTime: undefined,
      causes: [cause],
    }));
  return [...failed, ...logins];
}

/** A transaction that was probably waited for. */
function Holder({ holder }: { holder: ErrorHolder }) {
  const { client, clientPort, name, sinceUs, count } = holder;
  return (
    <span class="holder">
      <b>
        <Count value={count} />
      </b>{' '}
      while{' '}
      <span class="mono">
        {client}:{clientPort}
      </span>
      {name === null ? '' : ` (${name})`} had these tables in a transaction since{' '}
      <Clock us={sinceUs} />
    </span>
  );
}

function Noticed({ cause, named }: { cause: ErrorCauseRow; named: boolean }) {
  const { isNew, bursts, followOn, cancelRequested, logins, server } = cause;
  if (!isNew && bursts.length === 0 && followOn + cancelRequested + logins === 0) return null;
  return (
    <div class="noticed">
      {named && (
        <span class="quiet">
          <NodeName node={server} />{' '}
        </span>
      )}
      {isNew && <span class="tag">never seen before</span>}
      {bursts.slice(0, BURSTS_MAX).map((burst) => (
        <div key={burst.fromUs}>
          <Count value={burst.count} /> from <Clock us={burst.fromUs} />{' '}
          <span class="quiet">
            (up to {formatCount(burst.minuteCount)} a minute; {formatCount(burst.threshold)} are a
            burst)
          </span>
        </div>
      ))}
      {followOn > 0 && (
        <div
          class="quiet"
          title="Statements that were ignored because it had ended their transaction"
        >
          <Count value={followOn} /> followed from it
        </div>
      )}
      {logins > 0 && (
        <div class="quiet">
          <Count value={logins} /> refused {logins === 1 ? 'login' : 'logins'}
        </div>
      )}
      {cancelRequested > 0 && (
        <div class="quiet">
          <Count value={cancelRequested} /> by a request of the client
        </div>
      )}
    </div>
  );
}

/** How many, when, from where. */
const countColumns: Column<Row>[] = [
  {
    key: 'count',
    label: 'Count',
    numeric: true,
    cell: (row) => <Count value={row.count} />,
    order: (row) => row.count,
  },
  {
    key: 'share',
    label: 'Of answers',
    about: 'Share of all answers of the window',
    numeric: true,
    minor: true,
    cell: (row) => (row.shareOfAnswers === null ? '–' : formatShare(row.shareOfAnswers)),
  },
  {
    key: 'time',
    label: 'Over time',
    cell: ({ overTime, count }) =>
      overTime === undefined ? (
        '–'
      ) : (
        <Sparkline counts={overTime} label={`${count} over the window`} />
      ),
  },
  {
    key: 'noticed',
    label: 'Noticed',
    minor: true,
    cell: ({ causes }) =>
      causes.map((cause) => <Noticed key={cause.server} cause={cause} named={causes.length > 1} />),
  },
  {
    key: 'seen',
    label: 'First, last',
    minor: true,
    cell: (row) => (
      <Fragment>
        <Clock us={row.firstUs} />
        <br />
        <Clock us={row.lastUs} />
      </Fragment>
    ),
    order: (row) => row.lastUs,
  },
  {
    key: 'clients',
    label: 'From',
    minor: true,
    cell: ({ clients }) => (
      <div class="mono" title={clients.join('\n')}>
        {clients.slice(0, CLIENTS_MAX).map((client) => (
          <div key={client}>{client}</div>
        ))}
        {clients.length > CLIENTS_MAX && `+${clients.length - CLIENTS_MAX}`}
      </div>
    ),
  },
];

function columnsOf(onOpen: (fingerprint: string) => void): Column<Row>[] {
  return [
    { key: 'code', label: 'Code', cell: (row) => <b class="mono">{row.sqlstate}</b> },
    {
      key: 'meaning',
      label: 'Root cause',
      cell: (row) => (
        <div class="cause root">
          <span>
            <b>{row.errorClass.replaceAll('_', ' ')}</b>
            <span class="tag">{CONCERNS[row.concern]}</span>
          </span>
          <span class="quiet">{row.meaning}</span>
        </div>
      ),
    },
    {
      key: 'met',
      label: 'Message, statements, what to do',
      wide: true,
      cell: (row) => (
        <div class="cause">
          <span class="said" title={row.message}>
            {row.message}
          </span>
          {row.classes.slice(0, STATEMENTS_MAX).map(({ fingerprint, normalized, count }) => (
            <button
              key={fingerprint}
              type="button"
              class="statement-link"
              title={normalized}
              onClick={() => onOpen(fingerprint)}
            >
              <small>{formatExact(count)} ×</small>{' '}
              <SqlText text={normalized.slice(0, STATEMENT_LENGTH_MAX)} />
            </button>
          ))}
          {row.causes
            .flatMap(({ holders }) => holders)
            .slice(0, HOLDERS_MAX)
            .map((holder) => (
              <Holder key={`${holder.sessionId}${String(holder.sinceUs)}`} holder={holder} />
            ))}
          {row.causes.slice(0, 1).map(({ advice }) => (
            <span key="advice" class="quiet">
              {advice}
            </span>
          ))}
        </div>
      ),
    },
    ...countColumns,
  ];
}

function noteOf({ errorDiagnosis }: Report): string {
  const { causes, followOn, logins, unclassified, unclassifiedShare, learning } = errorDiagnosis;
  if (causes.length === 0) return 'by code';
  return [
    'by code',
    ...(logins > 0
      ? [`${formatCount(logins)} refused ${logins === 1 ? 'login' : 'logins'} among them`]
      : []),
    ...(followOn > 0 ? [`${formatCount(followOn)} only followed from others`] : []),
    ...(unclassified > 0 && unclassifiedShare !== null
      ? [`${formatShare(unclassifiedShare)} without a known cause`]
      : []),
    ...(learning ? ['too little is stored from before to say what is new'] : []),
  ].join('; ');
}

export function Errors({
  report,
  onOpen,
}: {
  report: Report;
  onOpen: (fingerprint: string) => void;
}) {
  return (
    <Section id="errors" title="Errors" note={noteOf(report)}>
      <Table
        caption="Errors by code"
        columns={columnsOf(onOpen)}
        rows={rowsOf(report)}
        rowKey={(row) => `${row.sqlstate}${row.errorClass}`}
        sortedBy="count"
        shown={8}
        empty="No statement failed in this window."
      />
    </Section>
  );
}
