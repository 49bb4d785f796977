/** The numbers behind a state or a finding, each with what it was compared with. */
import type { Evidence } from '../../../src/server/contract.ts';
import { Count, Duration, Share } from './values.tsx';
import { formatRate } from '../format.ts';

function Quantity({ value, unit }: { value: number; unit: Evidence['unit'] }) {
  if (unit === 'us') return <Duration us={value} />;
  if (unit === 'share') return <Share value={value} />;
  if (unit === 'count') return <Count value={value} />;
  return <>{formatRate(value)}/s</>;
}

export function EvidenceList({ evidence }: { evidence: readonly Evidence[] }) {
  return (
    <>
      {evidence.map(({ name, value, unit, threshold }, index) => (
        <span key={index}>
          {index > 0 ? '; ' : ''}
          {name} <Quantity value={value} unit={unit} />
          {threshold === null ? null : (
            <span class="quiet">
              {' '}
              (threshold <Quantity value={threshold} unit={unit} />)
            </span>
          )}
        </span>
      ))}
    </>
  );
}
