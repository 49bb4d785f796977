/** What `monitor` and its workers tell each other (Node's channel between processes, structured clones). */
import type { ErrorCode } from '../../core/errors.ts';
import type { CaptureSummary } from '../../events/capture-summary.ts';
import type { ActivitySecond, Reduction } from '../../events/events.ts';
import type { Segment } from '../../store/segment.ts';
import type { SegmentTable } from '../../store/tables/table-rows.ts';
import type { MonitorPlan } from './options.ts';
import type { Waiting } from './pipeline.ts';

export type ToWorker =
  | {
      readonly type: 'open';
      readonly plan: MonitorPlan;
      readonly index: number;
      /** Of the sockets that share the traffic. */
      readonly fanoutGroup: number;
    }
  /** All workers listen: what comes from `sinceUs` on is decoded. */
  | {
      readonly type: 'begin';
      readonly directory: string;
      readonly collector: string;
      readonly sinceUs: number;
    }
  | { readonly type: 'waiting'; readonly waiting: Waiting }
  | { readonly type: 'stop' };

export type FromWorker =
  | {
      readonly type: 'opened';
      readonly reason: string;
      readonly backend: string;
      readonly sharedByKernel: boolean;
    }
  | { readonly type: 'sealed'; readonly segment: Segment }
  | {
      readonly type: 'lost';
      readonly table: SegmentTable;
      readonly rowsCount: number;
      readonly atUs: number;
      readonly message: string;
    }
  | { readonly type: 'reduced'; readonly reduction: Reduction }
  | { readonly type: 'activity'; readonly second: ActivitySecond }
  | {
      readonly type: 'summary';
      readonly summary: CaptureSummary;
      readonly sessionsOpen: number;
      readonly lagUs: number | undefined;
    }
  | { readonly type: 'done'; readonly summary: CaptureSummary }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly message: string };
