/** The causes behind failed statements: what followed from what, what is new or comes in a burst, what to do. */
import { Fragment } from 'preact';
import type { ErrorCauseRow, Report } from '../../../src/server/contract.ts';
import { formatCount, formatShare } from '../format.ts';
import { NodeName } from '../parts/node-name.tsx';
import { SqlText } from '../parts/sql-text.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Clock, Count } from '../parts/values.tsx';
import { Section } from './section.tsx';

const STATEMENT_LENGTH_MAX = 160;

function Noticed({ row }: { row: ErrorCauseRow }) {
  return (
    <>
      {row.isNew && <span class="tag">never seen before</span>}
      {row.bursts.slice(0, 3).map((burst) => (
        <div key={burst.fromUs}>
          <Count value={burst.count} /> from <Clock us={burst.fromUs} />{' '}
          <span class="quiet">
            (up to {formatCount(burst.minuteCount)} a minute; {formatCount(burst.threshold)} are a
            burst)
          </span>
        </div>
      ))}
      {row.cancelRequested > 0 && (
        <div class="quiet">
          <Count value={row.cancelRequested} /> by a request of the client
        </div>
      )}
    </>
  );
}

function columnsOf(onOpen: (fingerprint: string) => void): Column<ErrorCauseRow>[] {
  return [
    {
      key: 'count',
      label: 'Failed',
      numeric: true,
      cell: (row) => <Count value={row.count} />,
      order: (row) => row.count,
    },
    {
      key: 'followed',
      label: 'Followed',
      about: 'Statements that were ignored because this error had ended their transaction',
      numeric: true,
      cell: (row) => <Count value={row.followOn} quietZero />,
      order: (row) => row.followOn,
    },
    {
      key: 'cause',
      label: 'Cause',
      cell: (row) => (
        <Fragment>
          <b>{row.errorClass.replaceAll('_', ' ')}</b> <span class="mono">{row.sqlstate}</span>
          <br />
          <span class="quiet">
            <NodeName node={row.server} />
          </span>
        </Fragment>
      ),
    },
    {
      key: 'advice',
      label: 'What to do, and where',
      wide: true,
      cell: (row) => (
        <div class="cause">
          <span>{row.advice}</span>
          {row.classes.slice(0, 1).map(({ fingerprint, normalized }) => (
            <button
              key={fingerprint}
              type="button"
              class="statement-link"
              title={normalized}
              onClick={() => onOpen(fingerprint)}
            >
              <SqlText text={normalized.slice(0, STATEMENT_LENGTH_MAX)} />
            </button>
          ))}
        </div>
      ),
    },
    { key: 'noticed', label: 'Noticed', cell: (row) => <Noticed row={row} /> },
    {
      key: 'seen',
      label: 'First ever',
      minor: true,
      cell: (row) => <Clock us={row.firstSeenUs} />,
      order: (row) => row.firstSeenUs,
    },
  ];
}

export function ErrorDiagnosis({
  report,
  onOpen,
}: {
  report: Report;
  onOpen: (fingerprint: string) => void;
}) {
  const { causes, failures, followOn, logins, unclassified, unclassifiedShare, learning } =
    report.errorDiagnosis;
  if (causes.length === 0) return null;
  const notes = [
    `${formatCount(failures - logins)} failed statements`,
    ...(logins > 0 ? [`${formatCount(logins)} refused logins`] : []),
    ...(followOn > 0 ? [`${formatCount(followOn)} only followed from others`] : []),
    ...(unclassified > 0 && unclassifiedShare !== null
      ? [`${formatShare(unclassifiedShare)} without a known cause`]
      : []),
    ...(learning ? ['too little is stored from before to say what is new'] : []),
  ];
  return (
    <Section id="error-causes" title="Causes of errors" note={notes.join('; ')}>
      <Table
        caption="Causes of errors"
        columns={columnsOf(onOpen)}
        rows={causes}
        rowKey={(row) => `${row.server}${row.sqlstate}${row.errorClass}`}
        shown={6}
        empty=""
      />
    </Section>
  );
}
