/**
 * `npm test`: set-up, checks, tests, and one closing line that counts them. A check (format, lint, types, dead code)
 * counts as one test. `npm test -- PATH...` runs only the tests of these paths.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { ROOT, run, SetupError, setUp } from '../src/cli/setup.mjs';

/** Two lanes for the two cores that we count on: the linter takes as long as the others together. */
const LANES = [['lint'], ['format:check', 'types', 'dead']];

async function runChecks() {
  const failed = [];
  const lanes = LANES.map(async (lane) => {
    for (const check of lane) {
      const started = performance.now();
      const { code, output } = await run('npm', ['run', '--silent', check]);
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      process.stdout.write(`check ${check}: ${code === 0 ? 'passed' : 'FAILED'}, ${seconds} s\n`);
      if (code === 0) continue;
      process.stdout.write(`${output}\n`);
      failed.push(check);
    }
  });
  await Promise.all(lanes);
  return { passed: LANES.flat().length - failed.length, failed: failed.length, skipped: 0 };
}

/** Runs vitest, which prints its own account, and counts from the one that it writes for programs. */
async function runTests(paths) {
  const directory = mkdtempSync(join(tmpdir(), 'mirrorsql-test-'));
  const account = join(directory, 'results.json');
  try {
    const code = await vitest([`--outputFile.json=${account}`, ...paths]);
    return countResults(account, code);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function vitest(args) {
  const config = ['--config', '.config/vitest.config.js'];
  const reporters = ['--reporter=default', '--reporter=json'];
  const command = [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', ...config, ...reporters];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...command, ...args], {
      cwd: ROOT,
      env: { ...process.env, CI: 'true' },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.on('error', () => resolve(1));
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/** A file that could not be loaded or set up has no failed test: it counts as one itself. */
function countResults(account, code) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const file of readResults(account)) {
    const failedBefore = counts.failed;
    for (const { status, fullName } of file.assertionResults) {
      if (status === 'passed') counts.passed++;
      else if (status === 'failed') counts.failed++;
      else {
        counts.skipped++;
        process.stdout.write(`skipped: ${fullName}\n`);
      }
    }
    if (file.status === 'failed' && counts.failed === failedBefore) counts.failed++;
  }
  // No test at all, or an error outside of any test.
  if (counts.failed === 0 && (code !== 0 || counts.passed === 0)) counts.failed++;
  return counts;
}

function readResults(account) {
  try {
    return JSON.parse(readFileSync(account, 'utf8')).testResults;
  } catch {
    return [];
  }
}

async function main() {
  const paths = process.argv.slice(2);
  const started = performance.now();
  await setUp({ programs: true });
  const checks = paths.length === 0 ? await runChecks() : { passed: 0, failed: 0, skipped: 0 };
  const tests = await runTests(paths);
  const failed = checks.failed + tests.failed;
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  process.stdout.write(`\nset-up, checks and tests took ${seconds} s\n`);
  process.stdout.write(
    `${checks.passed + tests.passed} passed, ${failed} failed, ${tests.skipped} skipped\n`,
  );
  return failed === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`set-up: ${error.message}\n`);
  process.stdout.write('0 passed, 1 failed, 0 skipped\n');
  process.exitCode = 1;
}
