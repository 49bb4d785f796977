/** Counters and gauges whose values are kept elsewhere and read at each scrape. */
import { Counter, Gauge, type Registry } from 'prom-client';

/** Values by the text of the one label. */
export type ByLabel = Readonly<Record<string, number>>;

export function countOf(registry: Registry, name: string, help: string, read: () => number): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(read());
    },
  });
}

/** `label` takes few values, all of which are known: never an address, a name or a text from the wire. */
export function countsBy(
  registry: Registry,
  name: string,
  help: string,
  label: string,
  read: () => ByLabel,
): void {
  new Counter({
    name,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      this.reset();
      for (const [value, count] of Object.entries(read())) {
        this.labels({ [label]: value }).inc(count);
      }
    },
  });
}

/** Told only while there is a value. */
export function gaugeOf(
  registry: Registry,
  name: string,
  help: string,
  read: () => number | undefined,
): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      const value = read();
      if (value === undefined) this.remove();
      else this.set(value);
    },
  });
}
