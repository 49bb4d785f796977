/**
 * The engine's process: loads chdb on a directory, listens on loopback, and says so to its parent. It ends when its
 * parent has gone or asks for it, but stays while another process holds a lease on it (see ../discovery.ts).
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Engine } from './engine.ts';
import { HttpFront } from './http-front.ts';
import type { FromEngine, StoreDescription, ToEngine } from './messages.ts';

function tell(message: FromEngine, afterwards: () => void = () => undefined): void {
  if (process.connected) process.send?.(message, afterwards);
}

/** What was captured is for nobody else: not the tables, not what the engine exports or backs up. */
process.umask(0o077);

function start({ directory, port, user, password }: ToEngine & { type: 'start' }): void {
  const incoming = join(directory, 'incoming');
  let engine: Engine;
  try {
    engine = new Engine(directory);
    // Nothing in it can be in use: this process alone holds the directory's lock.
    rmSync(incoming, { recursive: true, force: true });
    mkdirSync(incoming, { recursive: true, mode: 0o700 });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    tell({ type: 'failed', reason }, () => process.exit(1));
    return;
  }
  const front = new HttpFront(engine, directory, { user, password });
  const descriptionPath = join(directory, 'store.json');

  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    removeOwnDescription(descriptionPath);
    front.server.close();
    front.server.closeAllConnections();
    void engine.close().finally(() => process.exit(0));
  };
  const endWhenUnused = (): void => {
    if (front.leasesCount === 0) {
      end();
      return;
    }
    front.whenLeasesGone(end);
    tell({ type: 'kept' });
  };
  process.on('message', (message: ToEngine) => {
    if (message.type === 'close') endWhenUnused();
  });
  process.on('disconnect', endWhenUnused);

  front.server.on('error', (error) => {
    tell({ type: 'failed', reason: error.message });
    end();
  });
  front.server.listen(port, '127.0.0.1', () => {
    const { port: bound } = front.server.address() as AddressInfo; // Listening on TCP, so never a pipe's name.
    const url = `http://127.0.0.1:${bound}`;
    writeDescription(descriptionPath, { pid: process.pid, url, user, password });
    tell({ type: 'ready', url });
  });
}

function writeDescription(path: string, description: StoreDescription): void {
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, JSON.stringify(description), { mode: 0o600 });
  renameSync(temporary, path);
}

/** Another engine may have written its own since. */
function removeOwnDescription(path: string): void {
  try {
    const { pid } = JSON.parse(readFileSync(path, 'utf8')) as StoreDescription;
    if (pid === process.pid) rmSync(path, { force: true });
  } catch {
    // Gone or not readable: nothing to remove.
  }
}

// The terminal's Ctrl-C is for the command, which closes the store in its own time.
process.on('SIGINT', () => undefined);
process.once('message', (message: ToEngine) => {
  if (message.type === 'start') start(message);
});
