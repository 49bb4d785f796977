/** Where the built pages are, whether the code runs from its sources or from dist. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Both places are seen from this file: from dist/src/server, and from src/server. */
const PLACES = ['../../dashboards/', '../../dist/dashboards/'];

/** The directory that holds the built page and the report's template, or undefined when they are not built. */
export function webDirectory(): string | undefined {
  return PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url))).find(
    (directory) => existsSync(`${directory}index.html`) && existsSync(`${directory}report.html`),
  );
}
