/**
 * A strict reader of Prometheus' text format, written from its description (Prometheus documentation, "Exposition
 * formats", text format 0.0.4): HELP and TYPE before the samples of a metric, each metric in one group, no sample twice,
 * names and escapes well formed. Beyond the format it holds the conventions of "Metric and label naming".
 */

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Metric {
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"(,|$)/;
const VALUE = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|NaN|[+-]Inf)$/;
const TYPES = new Set(['counter', 'gauge', 'histogram', 'summary', 'untyped']);

/** @throws Error for whatever is not in the format */
export function readExposition(text: string): Map<string, Metric> {
  if (!text.endsWith('\n')) throw new Error('the last line must end with a line feed');
  const metrics = new Map<string, { type: string; help: string; samples: Sample[] }>();
  const seen = new Set<string>();
  let current = '';
  let help: { name: string; text: string } | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line);
    if (comment !== null) {
      const [, kind, name = '', rest = ''] = comment;
      if (!NAME.test(name)) throw new Error(`bad name: ${line}`);
      if (kind === 'HELP') {
        help = { name, text: rest };
        continue;
      }
      if (!TYPES.has(rest)) throw new Error(`bad type: ${line}`);
      if (metrics.has(name)) throw new Error(`told twice: ${line}`);
      if (help?.name !== name || help.text === '') throw new Error(`no help: ${line}`);
      metrics.set(name, { type: rest, help: help.text, samples: [] });
      current = name;
      continue;
    }
    if (line.startsWith('#')) throw new Error(`neither HELP nor TYPE: ${line}`);
    const sample = readSample(line);
    const metric = metrics.get(current);
    if (metric === undefined || !belongs(sample.name, current, metric.type)) {
      throw new Error(`outside of its group: ${line}`);
    }
    const identity = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
    if (seen.has(identity)) throw new Error(`sample twice: ${line}`);
    seen.add(identity);
    metric.samples.push(sample);
  }
  for (const [name, metric] of metrics) checkMetric(name, metric);
  return metrics;
}

function readSample(line: string): Sample {
  const match = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
  if (match === null) throw new Error(`no sample: ${line}`);
  const [, name = '', labelText = '', value = ''] = match;
  if (!VALUE.test(value)) throw new Error(`bad value: ${line}`);
  const labels: Record<string, string> = {};
  let rest = labelText;
  while (rest !== '') {
    const label = LABEL.exec(rest);
    if (label === null) throw new Error(`bad labels: ${line}`);
    const [whole, key = '', text = ''] = label;
    if (key.startsWith('__') || key in labels) throw new Error(`bad label: ${line}`);
    labels[key] = text;
    rest = rest.slice(whole.length);
  }
  return { name, labels, value: Number(value.replace('Inf', 'Infinity')) };
}

function belongs(sample: string, metric: string, type: string): boolean {
  if (sample === metric) return type !== 'histogram';
  const ending = sample.startsWith(metric) ? sample.slice(metric.length) : '';
  if (type === 'histogram') return ['_bucket', '_sum', '_count'].includes(ending);
  return type === 'summary' && ['_sum', '_count'].includes(ending);
}

function checkMetric(name: string, { type, samples }: Metric): void {
  const unbounded = samples.find(({ value }) => Number.isNaN(value));
  if (unbounded !== undefined) throw new Error(`${name} has no value`);
  if (type === 'counter') {
    if (!name.endsWith('_total')) throw new Error(`a counter ends in _total: ${name}`);
    if (samples.some(({ value }) => value < 0)) throw new Error(`a counter below 0: ${name}`);
  } else if (name.endsWith('_total')) throw new Error(`only a counter ends in _total: ${name}`);
  if (/_(ms|us|milliseconds|microseconds|kb|mb|minutes|hours)(_|$)/i.test(name)) {
    throw new Error(`not in base units: ${name}`);
  }
  if (type === 'histogram') checkBuckets(name, samples);
}

/** Apart for each set of labels beside `le`. */
function checkBuckets(name: string, samples: readonly Sample[]): void {
  const series = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _le, ...others } = sample.labels;
    const key = JSON.stringify(Object.entries(others).sort());
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  for (const one of series.values()) {
    const buckets = one.filter((sample) => sample.name === `${name}_bucket`);
    let before = 0;
    let bound = Number.NEGATIVE_INFINITY;
    for (const { labels, value } of buckets) {
      const le = Number((labels['le'] ?? '').replace('Inf', 'Infinity'));
      if (!(le > bound) || value < before) throw new Error(`buckets out of order: ${name}`);
      bound = le;
      before = value;
    }
    const count = one.find((sample) => sample.name === `${name}_count`)?.value;
    if (bound !== Number.POSITIVE_INFINITY || before !== count) {
      throw new Error(`the last bucket must hold all: ${name}`);
    }
  }
}
