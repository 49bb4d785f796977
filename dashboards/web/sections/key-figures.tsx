/** The figures of the whole window, each with its definition. */
import type { ComponentChildren } from 'preact';
import type { Report } from '../../../src/server/contract.ts';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatExact,
  formatRate,
  formatShare,
} from '../format.ts';
import { Term } from '../parts/values.tsx';

interface Figure {
  readonly label: string;
  readonly about: string;
  readonly value: string;
  readonly unit?: string;
  readonly beside: ComponentChildren;
}

export function KeyFigures({ report }: { report: Report }) {
  return (
    <section class="figures" aria-label="Key figures">
      {figuresOf(report).map(({ label, about, value, unit, beside }) => (
        <div class="figure" key={label}>
          <Term about={about}>{label}</Term>
          <strong>
            {value}
            {unit !== undefined && <small> {unit}</small>}
          </strong>
          <span class="beside">{beside}</span>
        </div>
      ))}
    </section>
  );
}

const orDash = (value: number | null, format: (value: number) => string) =>
  value === null ? '–' : format(value);

function figuresOf({ overview, channelsCount }: Report): Figure[] {
  const { responseTime: time } = overview;
  const duration = (us: number | null) => orDash(us, formatDuration);
  return [
    {
      label: 'Transactions',
      about:
        'TPS: transactions ended per second, committed or rolled back. A statement outside BEGIN is one transaction.',
      value: formatRate(overview.tpsMean),
      unit: '/s',
      beside: `peak ${formatRate(overview.tpsMax)}, ${formatCount(overview.transactions)} in all`,
    },
    {
      label: 'Response time',
      about:
        "Mean time from the last byte of a request to the last byte of its answer, by the capture's clock. Percentiles are exact to 4.5 %.",
      value: duration(time.meanUs),
      beside: `p50 ${duration(time.p50Us)}, max ${duration(time.maxUs)}`,
    },
    {
      label: 'Slow tail',
      about: '95 and 99 of 100 answers came at least this fast.',
      value: duration(time.p95Us),
      unit: 'p95',
      beside: `p99 ${duration(time.p99Us)}`,
    },
    {
      label: 'Yield',
      about:
        "Normal answers of all answers. The yield of the database counts the application's own errors (such as a duplicate key) as normal.",
      value: orDash(overview.yield, formatShare),
      beside: `of the database ${orDash(overview.databaseYield, formatShare)}`,
    },
    {
      label: 'Response rate',
      about:
        'Requests that were answered within ten seconds, of those whose fate is known. An unanswered request counts against it.',
      value: orDash(overview.responseRate, formatShare),
      beside: `${formatExact(overview.unanswered)} unanswered`,
    },
    {
      label: 'Errors',
      about: 'Answers that were errors, of all answers.',
      value: orDash(overview.abnormalShare, formatShare),
      beside: `${formatCount(overview.errors)} of ${formatCount(overview.answers)}`,
    },
    {
      label: 'Rollbacks',
      about:
        'Transactions opened by BEGIN that did something and were rolled back, of all transactions ended. Resets by connection pools and failed single statements are not counted.',
      value: orDash(overview.rollbackRate, formatShare),
      beside: `${formatCount(overview.explicitRollbacks)} explicit`,
    },
    {
      label: 'Connections',
      about: 'Most connections open at the same time, and how many were seen in all.',
      value: formatCount(overview.connectionsOpenMax),
      unit: 'peak',
      beside: `${formatCount(channelsCount)} seen, ${formatBytes(overview.requestBytes + overview.responseBytes)}`,
    },
  ];
}
