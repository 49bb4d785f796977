/** The network interfaces of this machine, as Linux tells them below /sys/class/net. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';

export interface NetworkInterface {
  readonly name: string;
  readonly state: 'up' | 'down';
  /** ARPHRD_ number of linux/if_arp.h; undefined where the system does not tell. */
  readonly hardwareType: number | undefined;
  readonly addresses: readonly string[];
}

const SYSTEM = '/sys/class/net';
/** IFF_UP of linux/if.h. */
const FLAG_UP = 0x1;

export function listInterfaces(): NetworkInterface[] {
  const addresses = networkInterfaces();
  const names = existsSync(SYSTEM) ? readdirSync(SYSTEM) : Object.keys(addresses);
  return names
    .filter((name) => !existsSync(SYSTEM) || existsSync(`${SYSTEM}/${name}/flags`))
    .sort()
    .map((name) => ({
      name,
      state: interfaceState(name),
      hardwareType: numberIn(name, 'type'),
      addresses: (addresses[name] ?? []).map(({ address }) => address),
    }));
}

/** Administratively and physically up, as far as the system tells. */
function interfaceState(name: string): 'up' | 'down' {
  const flags = numberIn(name, 'flags');
  if (flags !== undefined && (flags & FLAG_UP) === 0) return 'down';
  return numberIn(name, 'carrier') === 0 ? 'down' : 'up';
}

function numberIn(name: string, attribute: string): number | undefined {
  try {
    const value = Number(readFileSync(`${SYSTEM}/${name}/${attribute}`, 'utf8').trim());
    return Number.isNaN(value) ? undefined : value;
  } catch {
    return undefined;
  }
}
