/**
 * `npm run demo`: set-up, then the main job on the capture that ships with the project: load it, print the report, serve
 * the page until Ctrl-C. `npm run demo -- --exit` ends after the report. The store stays in mirrorsql-data/demo, so it
 * can be asked afterwards; loading the same capture again stores nothing twice.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { diskBytes, ROOT, SetupError, setUp } from './setup.mjs';

const CAPTURE = 'test/scenarios/demo/demo.pcap.gz';
const STORE = 'mirrorsql-data/demo';
const MIRRORSQL = join(ROOT, 'dist/src/cli/main.js');

const started = performance.now();
/** The command that runs now; Ctrl-C is passed on to it, and then no other is started. */
let current;
let stopped = false;

function stop(signal) {
  if (stopped) return;
  stopped = true;
  current?.kill(signal);
}

/** Runs one command of MirrorSQL, shown as one would type it. Fails when it does. */
async function mirrorsql(...args) {
  if (stopped) return;
  process.stdout.write(`\n$ npx mirrorsql ${args.join(' ')}\n`);
  // In a process group of its own: a terminal sends Ctrl-C to all of a group, and the command would hear it twice.
  current = spawn(process.execPath, [MIRRORSQL, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  const code = await new Promise((resolve) => {
    current.on('error', () => resolve(1));
    current.on('close', (exitCode) => resolve(exitCode ?? 1));
  });
  current = undefined;
  if (code !== 0 && !stopped) throw new SetupError(`mirrorsql ${args[0]} ended with ${code}`);
}

function account() {
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const [packages, build, store] = ['node_modules', 'dist', STORE].map((path) =>
    Math.round(diskBytes(path) / 1_000_000),
  );
  process.stdout.write(
    `\nAll this took ${seconds} s. Disk: packages ${packages} MB, build ${build} MB, store ${store} MB.\n`,
  );
}

async function main() {
  const given = process.argv.slice(2);
  const end = given.includes('--exit');
  const listen = given.filter((argument) => argument !== '--exit');
  await setUp({ programs: false });
  await mirrorsql('load', CAPTURE, '--data', STORE);
  await mirrorsql('report', '--data', STORE);
  if (stopped) return;
  account();
  if (!end) await mirrorsql('serve', '--data', STORE, ...listen);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(signal));
try {
  await main();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  // Ctrl-C during the set-up ends its step too: that is no failure to explain.
  if (!stopped) process.stderr.write(`demo: ${error.message}\n`);
  process.exitCode = stopped ? 130 : 1;
}
