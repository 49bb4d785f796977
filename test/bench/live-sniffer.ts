/**
 * The listening half of live.bench.ts: captures, decodes and fingerprints until SIGTERM, then prints one line of JSON.
 * Arguments: interface, backend, fan-out group (0: none).
 */
import process from 'node:process';
import { type Backend, openLive } from '../../collectors/capture/live.ts';
import { Collector, collect } from '../../collectors/collector.ts';

const [name = '', backend = 'auto', group = '0'] = process.argv.slice(2);
const nothing = () => undefined;

const live = await openLive({
  interfaces: [name],
  backend: backend as Backend,
  bufferBytes: 64 << 20,
  filter: 'tcp port 5432',
  ...(group === '0' ? {} : { fanoutGroup: Number(group) }),
});
const { source } = live;
const collector = new Collector({
  statement: nothing,
  transactionEnd: nothing,
  sessionEvent: nothing,
  activity: nothing,
});
const timer = setInterval(() => source.statistics(), 1000);
process.once('SIGTERM', () => source.stop());
process.stderr.write('ready\n');
const summary = await collect(source, collector);
clearInterval(timer);
const told = {
  packets: summary.packets,
  dropped: source.statistics()?.dropped ?? 0,
  statements: summary.events['statement'] ?? 0,
  gaps: summary.gaps,
  failure: summary.failure,
  unmatched: summary.unmatchedAnswers,
};
process.stdout.write(`${JSON.stringify(told)}\n`);
await source.close();
