/** Which stretch of the stored data is shown, and of which hosts. */
import { useContext, useRef, useState } from 'preact/hooks';
import type { NodeRow, Window } from '../../../src/server/contract.ts';
import type { Address, Span } from '../address.ts';
import { formatDuration, formatTime, formatWindow, timeFrom } from '../format.ts';
import { ZoneContext } from '../preferences.ts';

const LAST_MINUTES = [60, 15, 5];

export interface WindowPickerProps {
  readonly address: Address;
  readonly window: Window;
  readonly extent: Window;
  readonly nodes: readonly NodeRow[];
  /** Names of the collectors of the window; the choice is shown where there are several. */
  readonly collectors: readonly string[];
  readonly canGoBack: boolean;
  readonly onBack: () => void;
  readonly onChange: (change: Partial<Address>) => void;
}

export function WindowPicker({
  address,
  window,
  extent,
  nodes,
  collectors,
  canGoBack,
  onBack,
  onChange,
}: WindowPickerProps) {
  const { span } = address;
  const spans: [string, string, Span][] = [
    ['All', 'All stored data', { kind: 'whole' }],
    ...LAST_MINUTES.filter((minutes) => extent.toUs - extent.fromUs > minutes * 60e6).map(
      (minutes): [string, string, Span] => [
        minutes === 60 ? '1 h' : `${minutes} min`,
        `The last ${minutes} minutes of the stored data`,
        { kind: 'last', minutes },
      ],
    ),
  ];
  const chosen = (other: Span) =>
    span.kind === other.kind &&
    (span.kind !== 'last' || (other.kind === 'last' && span.minutes === other.minutes));
  return (
    <div class="window-picker">
      <button
        type="button"
        class="icon back"
        aria-label="Back to the window before"
        title="Back to the window before"
        disabled={!canGoBack}
        onClick={onBack}
      >
        ←
      </button>
      <div class="segments" role="group" aria-label="Window">
        {spans.map(([label, about, other]) => (
          <button
            key={label}
            type="button"
            title={about}
            aria-pressed={chosen(other)}
            onClick={() => onChange({ span: other })}
          >
            {label}
          </button>
        ))}
      </div>
      <FixedWindow
        window={window}
        onChange={(fixed) => onChange({ span: { kind: 'fixed', ...fixed } })}
      />
      <NodeSelect
        role="client"
        label="Client"
        value={address.client}
        nodes={nodes}
        onChange={(client) => onChange({ client })}
      />
      <NodeSelect
        role="server"
        label="Server"
        value={address.server}
        nodes={nodes}
        onChange={(server) => onChange({ server })}
      />
      {(collectors.length > 1 || address.collector !== undefined) && (
        <NameSelect
          label="Collector"
          every="all collectors"
          value={address.collector}
          names={collectors}
          onChange={(collector) => onChange({ collector })}
        />
      )}
    </div>
  );
}

/** Says the window, and opens a form to write another one. */
function FixedWindow({ window, onChange }: { window: Window; onChange: (window: Window) => void }) {
  const zone = useContext(ZoneContext);
  const details = useRef<HTMLDetailsElement>(null);
  const [fault, setFault] = useState('');
  const apply = (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const fromUs = timeFrom(textOf(fields, 'from'), zone);
    const toUs = timeFrom(textOf(fields, 'to'), zone);
    if (fromUs === undefined || toUs === undefined) setFault('Write times as 2026-11-20 09:41:20.');
    else if (fromUs >= toUs) setFault('The start must be before the end.');
    else {
      setFault('');
      details.current?.removeAttribute('open');
      onChange({ fromUs, toUs });
    }
  };
  return (
    <details
      class="fixed-window"
      ref={details}
      onKeyDown={(event) => {
        if (event.key === 'Escape') details.current?.removeAttribute('open');
      }}
    >
      <summary title="Write another window">
        {formatWindow(window, zone)}{' '}
        <span class="quiet">{formatDuration(window.toUs - window.fromUs)}</span>
      </summary>
      <form onSubmit={apply}>
        <label>
          From
          <input
            name="from"
            key={`from${window.fromUs}${zone}`}
            defaultValue={formatTime(window.fromUs, zone)}
            autocomplete="off"
            spellcheck={false}
          />
        </label>
        <label>
          To
          <input
            name="to"
            key={`to${window.toUs}${zone}`}
            defaultValue={formatTime(window.toUs, zone)}
            autocomplete="off"
            spellcheck={false}
          />
        </label>
        {fault !== '' && <p role="alert">{fault}</p>}
        <button type="submit">Show</button>
        <p class="quiet">Or drag over a chart.</p>
      </form>
    </details>
  );
}

function textOf(fields: FormData, name: string): string {
  const value = fields.get(name);
  return typeof value === 'string' ? value : '';
}

interface NameSelectProps {
  readonly label: string;
  readonly every: string;
  readonly value: string | undefined;
  readonly names: readonly string[];
  /** What people call them. */
  readonly titles?: ReadonlyMap<string, string>;
  readonly onChange: (name: string | undefined) => void;
}

interface NodeSelectProps extends Pick<NameSelectProps, 'label' | 'value' | 'onChange'> {
  readonly role: NodeRow['role'];
  readonly nodes: readonly NodeRow[];
}

function NodeSelect({ role, nodes, ...props }: NodeSelectProps) {
  const own = nodes.filter((node) => node.role === role);
  return (
    <NameSelect
      {...props}
      every={`all ${role}s`}
      names={own.map(({ node }) => node)}
      titles={new Map(own.flatMap(({ node, name }) => (name === null ? [] : [[node, name]])))}
    />
  );
}

function NameSelect({ label, every, value, names, titles, onChange }: NameSelectProps) {
  const known = value === undefined || names.includes(value) ? names : [...names, value];
  return (
    <select
      aria-label={label}
      class={value === undefined ? undefined : 'narrowed'}
      value={value ?? ''}
      onChange={(event) =>
        onChange(event.currentTarget.value === '' ? undefined : event.currentTarget.value)
      }
    >
      <option value="">{every}</option>
      {known.map((name) => (
        <option key={name} value={name}>
          {titles?.get(name) ?? name}
        </option>
      ))}
    </select>
  );
}
