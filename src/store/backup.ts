/**
 * A backup of the embedded store: a directory with the engine's own archive and a manifest that proves it whole. The engine
 * takes the backup on its one lane for writing, so no insert runs meanwhile and all tables are of one moment; it restores
 * what it is given without a look at its checksums, so the manifest is checked before.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { cannotWrite, MirrorSqlError, systemCode, systemReason } from '../core/errors.ts';
import { VERSION } from '../core/version.ts';
import { clientOf, DATABASE } from './embedded.ts';
import { sqlString } from './engine/request-statement.ts';
import { EngineProcess } from './engine-process.ts';
import { migrations } from './migrations/migrate.ts';
import { ask } from './questions/ask.ts';
import { openStore, type Store } from './store.ts';
import { endsWith, removedOnSignal, removedWhenInterrupted } from './unfinished.ts';
import { storeError } from './store-error.ts';

export interface BackupOutcome {
  /** The directory that holds it. */
  readonly path: string;
  readonly sizeBytes: number;
  /** Sealed and not stored yet: they are not in the backup. */
  readonly segmentsWaiting: number;
}

interface Manifest {
  readonly formatVersion: 1;
  readonly madeBy: string;
  readonly engine: string;
  readonly schemaVersion: number;
  readonly sizeBytes: number;
  readonly sha256: string;
}

const ARCHIVE = 'store.tar';
const MANIFEST = 'manifest.json';

/** A large store takes long; nothing else tells that the engine is at it. */
export const BACKUP_WITHIN_MS = 24 * 3_600_000;

/**
 * Writes a backup of `store` to the directory `target`, which must not exist. The store may be in use.
 * @throws MirrorSqlError MSQL_BACKUP_EXISTS, MSQL_OUTPUT_WRITE, MSQL_STORE_DISK_FULL, MSQL_CLI_USAGE for a server
 */
export async function backUp(store: Store, target: string): Promise<BackupOutcome> {
  if (!store.readsSegments) {
    throw new MirrorSqlError(
      'MSQL_CLI_USAGE',
      'backup is for the embedded store; a server has its own BACKUP',
    );
  }
  const path = resolve(target);
  refuseExisting(path);
  const unfinished = `${path}.${process.pid}.tmp`;
  try {
    await mkdir(unfinished, { mode: 0o700 });
    const archive = join(unfinished, ARCHIVE);
    const [facts] = await ask<{ engine: string; schemaVersion: number }>(
      store,
      'SELECT version() AS engine, max(version) AS schemaVersion FROM schema_migrations',
      {},
    );
    await removedOnSignal(unfinished, async () => {
      await store.client.command({
        query: `BACKUP DATABASE ${DATABASE} TO File(${sqlString(archive)})`,
      });
      await syncFile(archive);
      await refuseTruncated(archive);
    });
    const { size: sizeBytes } = await stat(archive);
    const manifest: Manifest = {
      formatVersion: 1,
      madeBy: `MirrorSQL ${VERSION}`,
      engine: facts?.engine ?? '',
      schemaVersion: facts?.schemaVersion ?? 0,
      sizeBytes,
      sha256: await sha256Of(archive),
    };
    await writeFile(join(unfinished, MANIFEST), `${JSON.stringify(manifest, undefined, 2)}\n`, {
      flush: true,
    });
    refuseExisting(path);
    await rename(unfinished, path);
    return { path, sizeBytes, segmentsWaiting: waitingIn(store.directory) };
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    const code = systemCode(error);
    if (code === undefined || code === 'ENOSPC' || !isFileFault(code)) throw storeError(error);
    throw cannotWrite(path, error);
  }
}

const isFileFault = (code: string): boolean =>
  ['ENOENT', 'EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'ENAMETOOLONG', 'ENOTEMPTY', 'EEXIST'].includes(
    code,
  );

/** A tar archive ends with two blocks of zeros. */
const ARCHIVE_END = new Uint8Array(1024);

async function refuseTruncated(archive: string): Promise<void> {
  if (await endsWith(archive, ARCHIVE_END)) return;
  throw new MirrorSqlError(
    'MSQL_STORE_DISK_FULL',
    'the archive could not be written to its end: the disk is full',
  );
}

function refuseExisting(path: string): void {
  if (existsSync(path)) {
    throw new MirrorSqlError('MSQL_BACKUP_EXISTS', `${path} exists already and is not overwritten`);
  }
}

function waitingIn(directory: string): number {
  return readdirSync(join(directory, 'segments')).filter((name) => !name.endsWith('.tmp')).length;
}

/**
 * Makes a store of a backup, in a directory that is absent or empty, and brings it up to date.
 * @throws MirrorSqlError MSQL_BACKUP_DAMAGED, MSQL_BACKUP_EXISTS, MSQL_STORE_VERSION, and what keeps a store from opening
 */
export async function restore(source: string, directory: string): Promise<void> {
  const target = resolve(directory);
  const archive = join(resolve(source), ARCHIVE);
  refuseFilled(target);
  const { schemaVersion } = await checkedManifest(resolve(source), archive);
  const newest = Math.max(...migrations.map(({ version }) => version));
  if (schemaVersion > newest) {
    throw new MirrorSqlError(
      'MSQL_STORE_VERSION',
      `the backup has schema version ${schemaVersion}, this program knows versions up to ${newest}`,
    );
  }
  // Made beside and renamed: what stands under the name is whole.
  const unfinished = `${target}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(target), { recursive: true });
    await mkdir(unfinished, { mode: 0o700 });
    await removedWhenInterrupted(unfinished, async (interrupted) => {
      await restoreInto(unfinished, archive, interrupted);
      const store = await openStore({ kind: 'embedded', directory: unfinished });
      await store.close();
      interrupted.throwIfAborted();
      refuseFilled(target);
      await rm(target, { recursive: true, force: true });
      await rename(unfinished, target);
    });
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw storeError(error);
  }
}

async function restoreInto(
  directory: string,
  archive: string,
  interrupted: AbortSignal,
): Promise<void> {
  const engine = await EngineProcess.start(directory);
  const client = clientOf(engine.description, 'system', BACKUP_WITHIN_MS);
  const query = `RESTORE DATABASE ${DATABASE} FROM File(${sqlString(archive)})`;
  try {
    interrupted.throwIfAborted();
    interrupted.addEventListener('abort', () => engine.kill());
    await client.command({ query });
  } finally {
    await client.close();
    await engine.close();
  }
}

function refuseFilled(directory: string): void {
  if (!existsSync(directory)) return;
  let entries: string[];
  try {
    entries = readdirSync(directory);
  } catch {
    throw new MirrorSqlError(
      'MSQL_STORE_DIRECTORY',
      `${directory} is not a directory that can be read`,
    );
  }
  if (entries.length > 0) {
    throw new MirrorSqlError(
      'MSQL_BACKUP_EXISTS',
      `${directory} is not empty and is not overwritten`,
    );
  }
}

/** The manifest, when the archive is what it says. */
async function checkedManifest(source: string, archive: string): Promise<Manifest> {
  const damaged = (reason: string, cause?: unknown): MirrorSqlError =>
    new MirrorSqlError('MSQL_BACKUP_DAMAGED', `${source} is no whole backup: ${reason}`, { cause });
  let manifest: Manifest;
  try {
    const value: unknown = JSON.parse(await readFile(join(source, MANIFEST), 'utf8'));
    if (!isManifest(value)) throw damaged('its manifest cannot be understood');
    manifest = value;
    const { size } = await stat(archive);
    if (size !== manifest.sizeBytes) {
      throw damaged(`${ARCHIVE} has ${size} bytes instead of ${manifest.sizeBytes}`);
    }
    if ((await sha256Of(archive)) !== manifest.sha256) {
      throw damaged(`the content of ${ARCHIVE} is not what was backed up`);
    }
  } catch (error) {
    if (error instanceof MirrorSqlError) throw error;
    const reason = systemCode(error) === undefined ? 'it is not JSON' : systemReason(error);
    throw damaged(`its manifest or archive cannot be read: ${reason}`, error);
  }
  return manifest;
}

function isManifest(value: unknown): value is Manifest {
  if (typeof value !== 'object' || value === null) return false;
  const { formatVersion, schemaVersion, sizeBytes, sha256 } = value as Record<string, unknown>; // An object: its fields are checked here.
  return (
    formatVersion === 1 &&
    typeof schemaVersion === 'number' &&
    typeof sizeBytes === 'number' &&
    typeof sha256 === 'string'
  );
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) hash.update(piece);
  return hash.digest('hex');
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
