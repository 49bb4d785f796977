/**
 * The published schema of the configuration file, `mirrorsql.config.yaml` or `.json`. Every value has a `title` that
 * completes the sentence "expected ...", for the one who has to correct the file.
 */
import Type, { type Static } from 'typebox';
import { BACKENDS } from '../../../collectors/capture/live.ts';
import { thresholds } from './thresholds.ts';
import { RETAIN_PATTERN, RETAINED_TABLES } from '../retention-options.ts';
import { VALUES_CHOICES } from '../values-option.ts';

const CLOSED = { additionalProperties: false };

const SIZE_PATTERN = '^\\d+(\\.\\d+)? ?([Mm][Bb]|[Gg][Bb]|[Tt][Bb])$';

const text = (title: string, description: string) =>
  Type.String({ minLength: 1, title, description });

/** 1 to 65535. */
const PORT_PATTERN =
  '^([1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5])$';

const capture = Type.Object(
  {
    interfaces: Type.Optional(
      Type.Array(
        text('the name of an interface, such as eth1', 'As `mirrorsql devices` lists it'),
        {
          minItems: 1,
          title: 'a list of interfaces, such as [eth1]',
          description: 'Interfaces on which `monitor` captures',
        },
      ),
    ),
    filter: Type.Optional(
      text(
        'a filter in the language of tcpdump, such as "tcp port 5432"',
        'What to capture, in the language of tcpdump; applied in the kernel',
      ),
    ),
    backend: Type.Optional(
      Type.Union(
        BACKENDS.map((name) => Type.Literal(name)),
        {
          title: 'auto, afpacket, tcpdump or cap',
          description: 'How to capture; auto takes the best way that works',
        },
      ),
    ),
    workers: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 256,
        title: 'a number of workers, such as 2',
        description: 'Pipelines beside each other, each with its share of the connections',
      }),
    ),
    keylog: Type.Optional(
      text('a file', 'Secrets of TLS connections (SSLKEYLOGFILE), to decrypt them as they come'),
    ),
    separate: Type.Optional(
      Type.Array(
        Type.Union([Type.Literal('tunnels'), Type.Literal('vlans')], { title: 'tunnels or vlans' }),
        {
          title: 'a list of tunnels and vlans',
          description: 'Equal addresses in different tunnels, or VLANs, are of different hosts',
        },
      ),
    ),
  },
  { ...CLOSED, title: 'the settings of the capture', description: 'Where packets come from' },
);

const store = Type.Object(
  {
    data: Type.Optional(
      text('a directory', 'Directory of the embedded store; with a server: where segments wait'),
    ),
    clickhouse: Type.Optional(
      text(
        'an http:// or https:// address',
        'A ClickHouse server instead of the embedded store; a password in it is refused',
      ),
    ),
    'clickhouse-ca': Type.Optional(
      text('a file', "The authority that signed the server's certificate, as PEM"),
    ),
    cluster: Type.Optional(
      text('the name of a cluster', 'A cluster that the ClickHouse server belongs to'),
    ),
    quota: Type.Optional(
      Type.String({
        pattern: SIZE_PATTERN,
        title: 'a size such as 500MB or 4GB',
        description:
          'Of segments that wait on the disk while the store is away; then the oldest goes',
      }),
    ),
    retain: Type.Optional(
      Type.Record(
        Type.String({ pattern: `^(${RETAINED_TABLES.join('|')})$` }),
        Type.String({ pattern: RETAIN_PATTERN, title: 'a number of days such as 7d, or forever' }),
        {
          ...CLOSED,
          title: 'tables, each with its days, such as { events: 7d }',
          description: 'How long rows are kept, counted from when they were stored',
        },
      ),
    ),
    'disk-quota': Type.Optional(
      Type.String({
        pattern: SIZE_PATTERN,
        title: 'a size such as 500MB or 50GB',
        description: 'What the store may take of the disk; the oldest days go first',
      }),
    ),
    values: Type.Optional(
      Type.Union(
        VALUES_CHOICES.map((choice) => Type.Literal(choice)),
        {
          title: VALUES_CHOICES.join(', ').replace(/, (?=[a-z]+$)/, ' or '),
          description:
            'Which values executions are given is counted by keyed hash: what of a value is shown beside it',
        },
      ),
    ),
    collector: Type.Optional(
      text(
        'the name of a collector, such as rack-3',
        'The name under which to store, for several collectors on one store; else that of the host',
      ),
    ),
  },
  { ...CLOSED, title: 'the settings of the store', description: 'Where events are kept' },
);

const server = Type.Object(
  {
    listen: Type.Optional(
      text('HOST:PORT, such as 127.0.0.1:7432', 'Where to serve the dashboards and the API'),
    ),
  },
  { ...CLOSED, title: 'the settings of the server', description: 'Dashboards and API' },
);

const node = Type.Object(
  {
    name: text('a name', 'As people call it'),
    address: text(
      'an address, or ADDRESS:PORT',
      'Of an application host, or of a database endpoint',
    ),
  },
  { ...CLOSED, title: '{ name: NAME, address: ADDRESS }' },
);

const names = (title: string, description: string) =>
  Type.Optional(
    Type.Array(text(title, description), { minItems: 1, maxItems: 100, title, description }),
  );

const queryRule = Type.Object(
  {
    label: text('a name', 'What people call these queries'),
    tables: names('a list of tables, such as [orders]', 'It reads one of them'),
    columns: names('a list of columns, such as [customer_id]', 'One of them is in its conditions'),
    text: Type.Optional(text('a text', 'Its text holds this, in capitals or small letters')),
  },
  { ...CLOSED, title: '{ label: NAME, tables: [TABLE] }' },
);

export const configurationSchema = Type.Object(
  {
    capture: Type.Optional(capture),
    ports: Type.Optional(
      Type.Record(
        Type.String({ pattern: PORT_PATTERN }),
        Type.Literal('postgres', { title: 'postgres', description: 'The protocol spoken there' }),
        {
          ...CLOSED,
          title: 'ports from 1 to 65535, each with its protocol, such as { 6432: postgres }',
          description: 'Ports of databases beside 5432 and 54321, with their protocol',
        },
      ),
    ),
    store: Type.Optional(store),
    server: Type.Optional(server),
    nodes: Type.Optional(
      Type.Array(node, {
        title: 'a list of nodes, each { name: NAME, address: ADDRESS }',
        description: 'What people call the nodes, wherever they are shown',
        maxItems: 10_000,
      }),
    ),
    queries: Type.Optional(
      Type.Array(queryRule, {
        title: 'a list of rules, each { label: NAME, tables: [TABLE] }',
        description: 'Queries that belong together; the first rule that holds decides',
        maxItems: 100,
      }),
    ),
    thresholds: Type.Optional(thresholds),
  },
  {
    ...CLOSED,
    title: 'settings by name, such as "capture:"',
    description:
      'The configuration file of MirrorSQL. A flag goes before the environment, the environment before this file.',
  },
);

export type Configuration = Static<typeof configurationSchema>;

/** What `mirrorsql config --schema` prints. */
export function publishedSchema(): object {
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', ...configurationSchema };
}
