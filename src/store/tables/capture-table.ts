/** One row per second and source of what the capture itself did and missed; the engine adds up rows of the same second. */
import type { CaptureSecond } from '../../events/events.ts';
import { ByteColumn, U32Column, U64Column } from '../native/number-columns.ts';
import { LowCardinalityColumn } from '../native/text-columns.ts';
import { TableRows } from './table-rows.ts';

function captureColumns() {
  return {
    t: new U32Column("DateTime('UTC')"),
    source: new LowCardinalityColumn(),
    packets: new U64Column(),
    bytes: new U64Column(),
    kernel_drops: new U64Column(),
    kernel_freezes: new U64Column(),
    gaps: new U64Column(),
    lost_bytes: new U64Column(),
    frames_refused: new U64Column(),
    cut_packets: new U64Column(),
    dropped_by_limit: new U64Column(),
    rows_lost: new U64Column(),
    statements_reduced: new U64Column(),
    reduction: new ByteColumn(),
  };
}

export type CaptureRows = TableRows<ReturnType<typeof captureColumns>>;

export function captureRows(): CaptureRows {
  return new TableRows('capture_1s', captureColumns());
}

/** `source`: what is captured, such as the name of an interface. */
export function appendCaptureSecond(
  rows: CaptureRows,
  source: string,
  second: CaptureSecond,
): void {
  const { columns } = rows;
  columns.t.append(Math.floor(second.secondUs / 1_000_000));
  columns.source.append(source);
  columns.packets.append(second.packets);
  columns.bytes.append(second.bytes);
  columns.kernel_drops.append(second.kernelDrops);
  columns.kernel_freezes.append(second.kernelFreezes);
  columns.gaps.append(second.gaps);
  columns.lost_bytes.append(second.lostBytes);
  columns.frames_refused.append(second.framesRefused);
  columns.cut_packets.append(second.cutPackets);
  columns.dropped_by_limit.append(second.droppedByLimit);
  columns.rows_lost.append(second.rowsLost);
  columns.statements_reduced.append(second.statementsReduced);
  columns.reduction.append(second.reduction);
  rows.rowsCount++;
}
