/** Sizes as people write them. */
import { MirrorSqlError } from '../core/errors.ts';

const UNITS: Readonly<Record<string, number>> = { MB: 1024 ** 2, GB: 1024 ** 3, TB: 1024 ** 4 };

/** `500MB`, `2GB`, `1.5TB`, in powers of 1,024. @throws MirrorSqlError MSQL_CLI_USAGE */
export function sizeOption(option: string, text: string): number {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?) ?([MGT]B)$/i.exec(text.trim()) ?? [];
  const bytes = Math.floor(Number(amount ?? 0) * (UNITS[unit.toUpperCase()] ?? 0));
  if (bytes > 0) return bytes;
  throw new MirrorSqlError('MSQL_CLI_USAGE', `${option} ${text} is no size such as 500MB or 4GB`);
}
