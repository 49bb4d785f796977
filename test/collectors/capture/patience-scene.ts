/**
 * Run inside a network namespace of its own: a trickle of packets over loopback while nobody reads the ring, as when a
 * process is starting or gets no processor. Prints what was sent, what came, and what the kernel says of it. Argument: backend.
 */
import { createSocket } from 'node:dgram';
import process from 'node:process';
import { type Backend, openLive } from '../../../collectors/capture/live.ts';
import { delay, mustRun } from '../../lab/process.ts';

const PACKETS = 200;
const APART_MS = 10;

await mustRun('ip', ['link', 'set', 'lo', 'up']);
const live = await openLive({
  interfaces: ['lo'],
  backend: process.argv[2] as Backend,
  bufferBytes: 64 << 20,
  filter: 'udp dst port 4000',
});
const socket = createSocket('udp4');
for (let sent = 0; sent < PACKETS; sent++) {
  await new Promise((resolve) => socket.send('x', 4000, '127.0.0.1', resolve));
  await delay(APART_MS);
}
socket.close();
let came = 0;
live.source.stop();
while (await live.source.readChunk({ packet: () => came++ }));
const { dropped, freezes } = live.source.statistics() ?? {};
await live.source.close();
process.stdout.write(JSON.stringify({ sent: PACKETS, came, dropped, freezes }));
