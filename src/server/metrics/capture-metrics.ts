/** What the capture and the decoding count, for Prometheus: the numbers of the capture summary, while it goes on. */
import type { Registry } from 'prom-client';
import type { CaptureSummary } from '../../events/capture-summary.ts';
import type { ObservedCapture } from '../observation/observed.ts';
import { type ByLabel, countOf, countsBy, gaugeOf } from './counters.ts';

const US_PER_S = 1_000_000;

type Read<T> = (summary: CaptureSummary) => T;

const counts: readonly (readonly [name: string, help: string, read: Read<number>])[] = [
  ['capture_packets', 'Packets captured', (s) => s.packets],
  ['capture_bytes', 'Bytes of packets, as captured', (s) => s.bytes],
  ['capture_cut_packets', 'Packets that the snap length cut', (s) => s.cutPackets],
  [
    'capture_kernel_dropped_packets',
    'Packets that the kernel dropped because they were not read in time',
    (s) => s.kernelDrops,
  ],
  [
    'capture_buffer_freezes',
    'Times that the buffer of the kernel was full',
    (s) => s.kernelFreezes,
  ],
  ['decode_streams', 'TCP connections seen', (s) => s.streams],
  ['decode_gaps', 'Holes in byte streams', (s) => s.gaps],
  ['decode_lost_bytes', 'Bytes known to be missing in holes', (s) => s.lostBytes],
  ['decode_resyncs', 'Times a decoder had to look for a message boundary', (s) => s.resyncs],
  ['decode_resync_bytes', 'Bytes passed over while looking', (s) => s.resyncBytes],
  ['decode_refused_frames', 'Messages that break the protocol', (s) => s.framesRefused],
  ['decode_unanswered_requests', 'Requests without an answer', (s) => s.unansweredRequests],
  ['decode_unmatched_answers', 'Answers without a request', (s) => s.unmatchedAnswers],
];

const countsByLabel: readonly (readonly [
  name: string,
  help: string,
  label: string,
  read: Read<ByLabel>,
])[] = [
  [
    'capture_passed_over_packets',
    'Packets without TCP payload that could be used, by reason',
    'reason',
    (s) => s.packetsPassedOver,
  ],
  [
    'decode_payload_bytes',
    'TCP payload: given to a decoder, encrypted, of protocols that no decoder knows, seen twice',
    'kind',
    (s) => ({
      decoded: s.decodedBytes,
      foreign: s.foreignBytes,
      repeated: s.repeatedBytes,
      encrypted: s.encryptedBytes,
    }),
  ],
  [
    'decode_dropped_by_limit',
    'What a limit made us drop, by limit',
    'limit',
    (s) => s.droppedByLimit,
  ],
  ['events', 'Events decoded, by type', 'type', (s) => s.events],
  ['statements', 'Statements decoded, by status', 'status', (s) => s.statements],
];

/** Once for each registry. */
export function addCaptureMetrics(registry: Registry, capture: ObservedCapture): void {
  const { summary } = oncePerScrape(capture);
  for (const [name, help, read] of counts) {
    countOf(registry, `mirrorsql_${name}_total`, help, () => read(summary()));
  }
  for (const [name, help, label, read] of countsByLabel) {
    countsBy(registry, `mirrorsql_${name}_total`, help, label, () => read(summary()));
  }
  gaugeOf(registry, 'mirrorsql_sessions_open', 'Database connections open now', () =>
    capture.sessionsOpen(),
  );
  gaugeOf(
    registry,
    'mirrorsql_capture_lag_seconds',
    'How much later than the wire packets were decoded, at most, lately; absent while none come',
    () => seconds(capture.lagUs()),
  );
  gaugeOf(
    registry,
    'mirrorsql_capture_last_packet_timestamp_seconds',
    'Capture time of the newest packet',
    () => seconds(summary().lastPacketUs),
  );
}

function seconds(us: number | undefined): number | undefined {
  return us === undefined ? undefined : us / US_PER_S;
}

/** A scrape reads many counts in one turn of the event loop: one summary serves them all, so that they fit together. */
function oncePerScrape(capture: ObservedCapture): { readonly summary: () => CaptureSummary } {
  let kept: CaptureSummary | undefined;
  return {
    summary: () => {
      if (kept === undefined) {
        kept = capture.summary();
        setImmediate(() => {
          kept = undefined;
        });
      }
      return kept;
    },
  };
}
