/**
 * Scores analysis on recorded incidents: `npx tsx test/incidents/evaluate.ts [--from DIR]... [--details] [NAME]...`, on any
 * machine, without servers. NAME is a recording (crash-1) or a scenario (crash). Exit code 1 when a promise is broken.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Report } from '../../src/events/report.ts';
import { judge } from './judge.ts';
import type { Label } from './label.ts';
import { observe } from './observe.ts';
import { KEPT_RECORDINGS, RECORDINGS } from './recordings.ts';
import { brokenPromises, type Judged } from './score.ts';
import { scoreText } from './score-text.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    from: { type: 'string', multiple: true, default: [RECORDINGS, KEPT_RECORDINGS] },
    details: { type: 'boolean', default: false },
  },
});

function recordingsIn(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .filter(
      (name) =>
        positionals.length === 0 ||
        positionals.includes(name) ||
        positionals.includes(name.replace(/-\d+$/, '')),
    )
    .sort()
    .map((name) => join(directory, name));
}

function detailsOf({ health, findings }: Report, { fault }: Label): string {
  const at = (us: number | null) => (us === null ? '-' : ((us - fault.fromUs) / 1e6).toFixed(1));
  const numbers = (evidence: Report['findings'][number]['evidence']) =>
    evidence
      .map(
        ({ name, value, threshold }) =>
          `${name} ${value.toPrecision(4)} (${threshold?.toPrecision(4) ?? '-'})`,
      )
      .join(', ');
  const states = health.map(
    ({ role, node, state, sinceUs, untilUs, evidence }) =>
      `    ${role} ${node} ${state} ${at(sinceUs)} to ${at(untilUs)}: ${numbers(evidence)}`,
  );
  const told = findings
    .filter(({ kind }) => !kind.startsWith('state/'))
    .map(
      ({ severity, kind, sinceUs, untilUs, summary, evidence }) =>
        `    ${severity} ${kind} ${at(sinceUs)} to ${at(untilUs)}: ${summary.map((part) => ('text' in part ? part.text : String(part.value))).join('')} [${numbers(evidence)}]`,
    );
  return [`  fault 0 to ${at(fault.toUs)}`, ...states, ...told].join('\n');
}

const judged: Judged[] = [];
for (const name of [...new Set(values.from.flatMap(recordingsIn))]) {
  const { label, report } = await observe(name);
  const nodesCount = new Set(report.health.map(({ role, node }) => `${role} ${node}`)).size;
  judged.push({ label, nodesCount, verdicts: judge(report, label) });
  process.stderr.write(`${label.scenario}-${String(label.seed)} done\n`);
  if (values.details) process.stdout.write(`${name}\n${detailsOf(report, label)}\n`);
}
if (judged.length === 0)
  throw new Error(`no recordings in ${values.from.join(', ')}: see record.ts`);
process.stdout.write(scoreText(judged));
process.exitCode = brokenPromises(judged).length === 0 ? 0 : 1;
