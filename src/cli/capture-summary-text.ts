/** What a run of the collector saw and could not use, for people and for programs. */
import { counted, countText } from '../core/quantities.ts';
import { isoFromUs } from '../core/time.ts';
import type { CaptureSummary } from '../events/capture-summary.ts';

/** Several lines; what is zero and would only say so is left out. */
export function summaryText(summary: CaptureSummary): string {
  const lines: string[] = [];
  const line = (name: string, value: string): void => {
    lines.push(`${name.padEnd(14)}${value}`);
  };
  line(
    'captured',
    `${counted(summary.packets, 'packet', 'packets')}, ${bytes(summary.bytes)}, ${counted(summary.streams, 'TCP connection', 'TCP connections')}`,
  );
  if (summary.firstPacketUs !== undefined && summary.lastPacketUs !== undefined) {
    line('time', `${isoFromUs(summary.firstPacketUs)} to ${isoFromUs(summary.lastPacketUs)}`);
  }
  line(
    'payload',
    `${bytes(summary.payloadBytes)}${listed([
      [summary.decodedBytes, 'decoded'],
      [summary.encryptedBytes, 'encrypted'],
      [summary.foreignBytes, 'of other protocols'],
      [summary.doubledBytes, 'that the mirror showed twice'],
      [summary.retransmittedBytes, 'sent again'],
    ])}`,
  );
  line('events', named(summary.events) || 'none');
  if (Object.keys(summary.statements).length > 0) line('statements', named(summary.statements));
  const tunnels = named(summary.tunnels);
  if (tunnels !== '') line('tunnels', `packets: ${tunnels}`);
  const { seen = 0, packets = 0 } = summary.fragments;
  if (seen > 0)
    line('fragments', `${countText(seen)}, put together to ${countText(packets)} packets`);
  const passedOver = named(summary.packetsPassedOver);
  if (passedOver !== '') line('passed over', `packets: ${passedOver}`);
  const sealed = named(summary.encryptedSessions);
  if (sealed !== '') line('encrypted', `sessions: ${sealed}`);
  if (summary.decryptedSessions > 0)
    line('decrypted', `sessions: ${countText(summary.decryptedSessions)}`);
  line('missing', missing(summary));
  for (const [name, value] of remarks(summary)) line(name, value);
  if (summary.captureTruncated)
    line(
      'warning',
      'the capture ends in the middle of a packet: it was cut off while it was written',
    );
  return `${lines.join('\n')}\n`;
}

/** What else must be known of what was seen: a name and a sentence each. */
export function remarks(summary: CaptureSummary): (readonly [name: string, value: string])[] {
  const said: (readonly [string, string])[] = [];
  const line = (name: string, value: string): void => {
    said.push([name, value]);
  };
  const limits = named(summary.droppedByLimit);
  if (limits !== '') line('limits', `reached: ${limits}`);
  if (summary.statementsReduced > 0 && summary.reducedFirstUs !== undefined)
    line(
      'reduced',
      `${counted(summary.statementsReduced, 'statement', 'statements')} told with less, since ${isoFromUs(summary.reducedFirstUs)} in ${counted(summary.reducedSeconds, 'second', 'seconds')}: the machine could not keep up`,
    );
  if (summary.clockSteps > 0)
    line('warning', `the clock went back ${counted(summary.clockSteps, 'time', 'times')}`);
  if (summary.timedOnArrival)
    line('warning', 'times are those of arrival, not of capture, and drops are not counted');
  if (summary.clientOnlyConnections > 0)
    line('one-way', oneWay('client', 'answers', summary.clientOnlyConnections));
  if (summary.serverOnlyConnections > 0)
    line('one-way', oneWay('server', 'requests', summary.serverOnlyConnections));
  return said;
}

function oneWay(side: string, absent: string, connections: number): string {
  return `only the ${side}'s half of ${counted(connections, 'connection', 'connections')} is seen: the mirror does not show the ${absent}`;
}

/** What the capture does not hold or the collector could not use; `nothing` when all is there. */
export function missing(summary: CaptureSummary): string {
  const lost = bytes(summary.lostBytes);
  const passed = bytes(summary.resyncBytes);
  const { incomplete = 0, refused = 0 } = summary.fragments;
  const counts: readonly (readonly [number, one: string, many: string])[] = [
    [summary.gaps, `gap with ${lost}`, `gaps with ${lost}`],
    [summary.kernelDrops, 'packet dropped by the kernel', 'packets dropped by the kernel'],
    [
      summary.captureInterruptions,
      'time that an interface was away',
      'times that an interface was away',
    ],
    [summary.latePackets, 'packet too late to be in order', 'packets too late to be in order'],
    [summary.cutPackets, 'packet cut by the snap length', 'packets cut by the snap length'],
    [
      incomplete,
      'fragment without the others of its packet',
      'fragments without the others of their packet',
    ],
    [refused, 'fragment refused because it overlaps', 'fragments refused because they overlap'],
    [summary.resyncs, `resynchronisation over ${passed}`, `resynchronisations over ${passed}`],
    [summary.unansweredRequests, 'request without an answer', 'requests without an answer'],
    [summary.unmatchedAnswers, 'answer without a request', 'answers without a request'],
    [summary.framesRefused, 'frame refused', 'frames refused'],
    [summary.textBytesReplaced, 'byte replaced in texts', 'bytes replaced in texts'],
  ];
  const found = counts
    .filter(([value]) => value > 0)
    .map(([value, one, many]) => counted(value, one, many))
    .join(', ');
  return found === '' ? 'nothing' : found;
}

/** What the bytes before it are; nothing where there is nothing to say. */
function listed(list: readonly (readonly [number, string])[]): string {
  const text = list
    .filter(([value]) => value > 0)
    .map(([value, what]) => `${countText(value)} ${what}`)
    .join(', ');
  return text === '' ? '' : `: ${text}`;
}

const bytes = (value: number): string => counted(value, 'byte', 'bytes');

function named(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .sort(([, a], [, b]) => b - a)
    .map(([name, value]) => `${countText(value)} ${name}`)
    .join(', ');
}

/** The same in lower snake_case, times as ISO 8601. */
export function summaryJson(summary: CaptureSummary): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(summary)) {
    json[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)] = value;
  }
  delete json['first_packet_us'];
  delete json['last_packet_us'];
  delete json['reduced_first_us'];
  delete json['reduced_last_us'];
  if (summary.firstPacketUs !== undefined) json['first_packet'] = isoFromUs(summary.firstPacketUs);
  if (summary.lastPacketUs !== undefined) json['last_packet'] = isoFromUs(summary.lastPacketUs);
  if (summary.reducedFirstUs !== undefined && summary.reducedLastUs !== undefined) {
    json['reduced_first'] = isoFromUs(summary.reducedFirstUs);
    json['reduced_last'] = isoFromUs(summary.reducedLastUs);
  }
  return json;
}
