/** `mirrorsql devices`: the interfaces of this machine, and which of them can be captured. */
import Table from 'cli-table3';
import { listInterfaces } from '../../collectors/capture/interfaces.ts';
import { isCapturable } from '../../collectors/capture/afpacket/ring.ts';
import { writeOutput } from './output.ts';

export async function runDevices(): Promise<void> {
  const table = new Table({
    head: ['interface', 'state', 'capture', 'addresses'],
    style: { head: [], border: [] },
  });
  for (const { name, state, hardwareType, addresses } of listInterfaces()) {
    const capture = hardwareType === undefined || isCapturable(hardwareType) ? 'yes' : 'no';
    table.push([name, state, capture, addresses.join('\n')]);
  }
  await writeOutput(`${table.toString()}\n`);
}
