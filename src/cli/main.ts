#!/usr/bin/env node
/**
 * The command line. Each command lives in a file of its own, which is loaded only when it runs, so that a short
 * command does not pay for the others. Exit codes: 0 done, 1 failed, 2 wrong use.
 */
import { Command, CommanderError } from 'commander';
import { MirrorSqlError } from '../core/errors.ts';
import { VERSION } from '../core/version.ts';
import { settle } from './configuration/settle.ts';

const program = new Command('mirrorsql')
  .description(
    'Reads database traffic from a mirror port and tells how the databases behind it are doing.',
  )
  .version(VERSION)
  .exitOverride()
  .configureOutput({ writeErr: () => undefined });

/** Every command whose settings may stand in the configuration file has this. */
function withConfiguration(command: Command): Command {
  return command.option(
    '--config <file>',
    'the configuration file (default: mirrorsql.config.yaml or .json, where there is one)',
  );
}

/** Every command that reads or writes the store has these. */
function withStore(command: Command): Command {
  return withConfiguration(command)
    .option('--data <dir>', 'directory of the embedded store (default: ./mirrorsql-data)')
    .option('--clickhouse <url>', 'a ClickHouse server instead of the embedded store')
    .option('--clickhouse-ca <file>', "the authority that signed the server's certificate, as PEM")
    .option('--cluster <name>', 'a cluster that the ClickHouse server belongs to');
}

/** Of options that can be given again; without a default, which the help would show as []. */
const gather = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** Every command that stores has these as well. */
function withName(command: Command): Command {
  return withStore(command)
    .option(
      '--collector <name>',
      'the name under which to store, for several collectors on one store (default: the host name)',
    )
    .option(
      '--retain <table=days>',
      'how long to keep a table, such as events=7d, or =forever',
      gather,
    )
    .option('--disk-quota <size>', 'what the store may take of the disk; the oldest days go first');
}

/** Every command that decodes has this. */
const SEPARATE = [
  '--separate <tunnels|vlans>',
  'equal addresses in different tunnels, or VLANs, are of different hosts; can be given twice',
] as const;

/** Runs a command's work; its number, when it gives one, is the exit code. */
function action<A extends unknown[]>(
  run: (...args: A) => Promise<unknown>,
): (...args: A) => Promise<void> {
  return async (...args) => {
    const code = await run(...args);
    if (typeof code === 'number' && code !== 0) process.exitCode = code;
  };
}

withConfiguration(program.command('decode'))
  .description('decode a capture and print one JSON event a line')
  .argument('<file>', 'pcap or pcapng, plain or gzipped; - for standard input')
  .option('--port <N=protocol>', 'a port beside 5432 and 54321, for example 6432=postgres', gather)
  .option('--keylog <file>', 'secrets of TLS connections (SSLKEYLOGFILE), to decrypt them')
  .option(...SEPARATE, gather)
  .option('--params', 'print the values of parameters')
  .option(
    '--output <format>',
    'ndjson, or none to do the work and print only the summary',
    'ndjson',
  )
  .option('--summary <format>', 'text or json, on standard error', 'text')
  .action(
    action(async (file: string, options: object) =>
      (await import('./decode.ts')).runDecode(file, options),
    ),
  );

withName(program.command('load'))
  .description('decode captures and store them')
  .argument('<file...>', 'pcap or pcapng, plain or gzipped; - for standard input')
  .option('--port <N=protocol>', 'a port beside 5432 and 54321, for example 6432=postgres', gather)
  .option('--keylog <file>', 'secrets of TLS connections (SSLKEYLOGFILE), to decrypt them')
  .option(...SEPARATE, gather)
  .option(
    '--values <mode>',
    'of values that executions are given: off, hashed, masked or plain',
    'masked',
  )
  .action(
    action(async (files: string[], options: object) =>
      (await import('./load.ts')).runLoad(files, options),
    ),
  );

withName(program.command('monitor'))
  .description('capture, store, analyse and serve the dashboards, until it is told to stop')
  .option('-i, --interface <name>', 'an interface to capture on; can be given again', gather)
  .option('--read <file>', 'play a capture instead, in its own time')
  .option('--speed <factor>', 'how many times faster than it was (default: 1); only with --read')
  .option(
    '--workers <n>',
    'pipelines beside each other, each with its share of the connections (default: 1)',
  )
  .option('--filter <expression>', 'what to capture, in the language of tcpdump; only with -i')
  .option('--backend <name>', 'auto (the default), afpacket, tcpdump or cap; only with -i')
  .option('--port <N=protocol>', 'a port beside 5432 and 54321, for example 6432=postgres', gather)
  .option('--keylog <file>', 'secrets of TLS connections (SSLKEYLOGFILE), read as they come')
  .option(...SEPARATE, gather)
  .option(
    '--listen <host:port>',
    'where to serve the dashboards and the API (default: 127.0.0.1:7432)',
  )
  .option('--quota <size>', 'of segments that wait on the disk while the store is away', '4GB')
  .option(
    '--values <mode>',
    'of values that executions are given: off, hashed, masked or plain',
    'masked',
  )
  .action(
    action(async (options: object) => (await import('./monitor/monitor.ts')).runMonitor(options)),
  );

withStore(program.command('report'))
  .description('tell how the databases did in a window of time')
  .option('--from <time>', 'ISO 8601, or -15m counted back from the end of the data')
  .option('--to <time>', 'ISO 8601, or -5m counted back from the end of the data')
  .option('--seen-by <name>', 'only what this collector saw')
  .option('--format <format>', 'text, json or html', 'text')
  .option('--output <file>', 'write to a file instead of standard output')
  .action(action(async (options: object) => (await import('./report.ts')).runReport(options)));

withStore(program.command('explain'))
  .description('tell the story of the minutes around a moment')
  .requiredOption('--at <time>', 'ISO 8601, or -15m counted back from the end of the data')
  .option('--minutes <n>', 'so many before it and after it, 1 to 180', '10')
  .option('--seen-by <name>', 'only what this collector saw')
  .option('--format <format>', 'text or json', 'text')
  .action(action(async (options: object) => (await import('./explain.ts')).runExplain(options)));

withStore(program.command('serve'))
  .description('serve the dashboards and the API over a store')
  .option('--listen <host:port>', 'where to listen (default: 127.0.0.1:7432)')
  .action(action(async (options: object) => (await import('./serve.ts')).runServe(options)));

withStore(program.command('query'))
  .description('ask the store: one SELECT over its tables')
  .argument('<sql>', 'for example "SELECT user, count() FROM events GROUP BY user"')
  .option('--format <format>', 'table, json or csv', 'table')
  .action(
    action(async (sql: string, options: object) =>
      (await import('./query.ts')).runQuery(sql, options),
    ),
  );

program
  .command('detect')
  .description('score a single series for anomalies')
  .argument('<file>', 'a CSV with the columns timestamp and value; - for standard input')
  .option('--format <format>', 'text, or json for one score from 0 to 1 a row', 'text')
  .action(
    action(async (file: string, options: object) =>
      (await import('./detect.ts')).runDetect(file, options),
    ),
  );

withStore(program.command('export'))
  .description('write the rows of a table, as NDJSON, CSV or Parquet')
  .option('--from <time>', 'ISO 8601, or -15m counted back from the end of the data')
  .option('--to <time>', 'ISO 8601, or -5m counted back from the end of the data')
  .option('--table <name>', 'events, sessions, transactions, ...', 'events')
  .option('--format <format>', 'ndjson, csv or parquet', 'ndjson')
  .option('--output <file>', 'a file, or - for standard output', '-')
  .action(action(async (options: object) => (await import('./export.ts')).runExport(options)));

withStore(program.command('backup'))
  .description('write the embedded store, in use or not, to a new directory')
  .argument('<dir>', 'the directory, which must not exist')
  .action(
    action(async (target: string, options: object) =>
      (await import('./backup.ts')).runBackup(target, options),
    ),
  );

withStore(program.command('restore'))
  .description('make an embedded store of a backup, in an empty --data directory')
  .argument('<dir>', 'the directory of the backup')
  .action(
    action(async (source: string, options: object) =>
      (await import('./backup.ts')).runRestore(source, options),
    ),
  );

program
  .command('devices')
  .description('list the interfaces of this machine')
  .action(action(async () => (await import('./devices.ts')).runDevices()));

withStore(program.command('status'))
  .description('ask a running monitor how it is doing, or look at the store when none runs')
  .option('--url <url>', 'where it serves (default: http://127.0.0.1:7432)')
  .option('--format <format>', 'text or json', 'text')
  .action(action(async (options: object) => (await import('./status.ts')).runStatus(options)));

withStore(program.command('doctor'))
  .description('say what this machine lacks for which command, and how to get it')
  .action(action(async (options: object) => (await import('./doctor.ts')).runDoctor(options)));

program
  .command('config')
  .description('check a configuration file, or print the schema of one')
  .option('--check [file]', 'tell what is wrong in it, with line and column')
  .option('--schema', 'print its JSON schema')
  .action(action(async (options: object) => (await import('./config.ts')).runConfig(options)));

program.hook('preAction', (_program, command) => settle(command, process.env));

/** Prints the one line that an error deserves, and gives its exit code. */
function report(error: unknown): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    if (error.code === 'commander.help') {
      process.stderr.write(program.helpInformation());
      return 2;
    }
    const message = error.message.replace(/^error: /, '');
    process.stderr.write(`${new MirrorSqlError('MSQL_CLI_USAGE', message).line}\n`);
    return 2;
  }
  if (error instanceof MirrorSqlError) {
    process.stderr.write(`${error.line}\n`);
    return error.exitCode;
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${new MirrorSqlError('MSQL_INTERNAL', detail).line}\n`);
  return 1;
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = report(error);
}
