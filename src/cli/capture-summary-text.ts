/** What a run of the collector saw and could not use, for people and for programs. */
import { countText } from '../core/quantities.ts';
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
    `${many(summary.packets, 'packets')}, ${many(summary.bytes, 'bytes')}, ${many(summary.streams, 'TCP connections')}`,
  );
  if (summary.firstPacketUs !== undefined && summary.lastPacketUs !== undefined) {
    line('time', `${isoFromUs(summary.firstPacketUs)} to ${isoFromUs(summary.lastPacketUs)}`);
  }
  line(
    'payload',
    `${many(summary.payloadBytes, 'bytes')}${listed([
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
      `${many(summary.statementsReduced, 'statements')} told with less, since ${isoFromUs(summary.reducedFirstUs)} in ${many(summary.reducedSeconds, 'seconds')}: the machine could not keep up`,
    );
  if (summary.clockSteps > 0)
    line('warning', `the clock went back ${many(summary.clockSteps, 'times')}`);
  if (summary.timedOnArrival)
    line('warning', 'times are those of arrival, not of capture, and drops are not counted');
  if (summary.clientOnlyConnections > 0)
    line('one-way', oneWay('client', 'answers', summary.clientOnlyConnections));
  if (summary.serverOnlyConnections > 0)
    line('one-way', oneWay('server', 'requests', summary.serverOnlyConnections));
  return said;
}

function oneWay(side: string, absent: string, connections: number): string {
  return `only the ${side}'s half of ${many(connections, 'connections')} is seen: the mirror does not show the ${absent}`;
}

/** What the capture does not hold or the collector could not use; `nothing` when all is there. */
export function missing(summary: CaptureSummary): string {
  const found = parts([
    [summary.gaps, `gaps with ${many(summary.lostBytes, 'bytes')}`],
    [summary.kernelDrops, 'packets dropped by the kernel'],
    [summary.captureInterruptions, 'times that an interface was away'],
    [summary.latePackets, 'packets too late to be in order'],
    [summary.cutPackets, 'packets cut by the snap length'],
    [summary.fragments['incomplete'] ?? 0, 'fragments without the others of their packet'],
    [summary.fragments['refused'] ?? 0, 'fragments refused because they overlap'],
    [summary.resyncs, `resynchronisations over ${many(summary.resyncBytes, 'bytes')}`],
    [summary.unansweredRequests, 'requests without an answer'],
    [summary.unmatchedAnswers, 'answers without a request'],
    [summary.framesRefused, 'frames refused'],
    [summary.textBytesReplaced, 'bytes replaced in texts'],
  ]);
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

function parts(list: readonly (readonly [number, string])[]): string {
  return list
    .filter(([value]) => value > 0)
    .map(([value, text]) => many(value, text))
    .join(', ');
}

/** A number and what it counts: the first word in -s that says so loses it when there is only one. */
function many(value: number, text: string): string {
  return `${countText(value)} ${value === 1 ? text.replace(/(?<=\w)s\b/, '') : text}`;
}

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
