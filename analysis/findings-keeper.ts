/**
 * Findings kept while time goes on. Windows overlap or follow each other, and each tells anew what it sees: what is the
 * same thing, going on, keeps its beginning and so its row.
 */
import type { Window } from '../src/events/facts.ts';
import type { Finding } from '../src/events/finding.ts';
import type { StoredFinding } from '../src/events/judgement.ts';

/** Windows cut a finding at their edges, and rollups count in minutes: so far apart it is still the same one. */
const SLACK_US = 120_000_000;
/** What goes on unchanged is told this often. */
const TELL_EVERY_US = 600_000_000;
/** Remembered; the ones that were seen longest ago are forgotten. */
const KEPT_MAX = 1_000;

interface Kept {
  finding: StoredFinding;
  toldUs: number;
}

export class FindingsKeeper {
  readonly #collector: string;
  #kept: Kept[];

  /** `known`: what an earlier run told and had not seen end. */
  constructor(collector: string, known: readonly StoredFinding[] = []) {
    this.#collector = collector;
    this.#kept = known.map((finding) => ({ finding, toldUs: finding.seenUs }));
  }

  /** @returns what is new, ended, more severe, or was not told for ten minutes */
  take(findings: readonly Finding[], window: Window): StoredFinding[] {
    const told: StoredFinding[] = [];
    const seen = new Set<Kept>();
    for (const finding of [...findings].sort((a, b) => a.sinceUs - b.sinceUs)) {
      const kept = this.#kept.find((one) => isSame(one.finding, finding, window));
      const now = {
        ...finding,
        sinceUs: kept?.finding.sinceUs ?? finding.sinceUs,
        seenUs: Math.max(window.toUs, kept?.finding.seenUs ?? 0),
        collector: this.#collector,
      };
      const entry = kept ?? { finding: now, toldUs: 0 };
      if (kept === undefined) this.#kept.push(entry);
      const changed =
        entry.finding.untilUs !== now.untilUs ||
        entry.finding.severity !== now.severity ||
        now.seenUs - entry.toldUs >= TELL_EVERY_US;
      entry.finding = now;
      seen.add(entry);
      if (!changed) continue;
      entry.toldUs = now.seenUs;
      told.push(now);
    }
    for (const entry of this.#kept) {
      if (seen.has(entry) || entry.finding.untilUs !== null) continue;
      entry.finding = { ...entry.finding, untilUs: entry.finding.seenUs };
      told.push(entry.finding);
    }
    this.#kept = this.#kept
      .filter(({ finding }) => (finding.untilUs ?? finding.seenUs) + SLACK_US >= window.fromUs)
      .sort((a, b) => a.finding.seenUs - b.finding.seenUs)
      .slice(-KEPT_MAX);
    return told;
  }
}

/** The same subject, and no hole between the two. */
function isSame(kept: StoredFinding, finding: Finding, window: Window): boolean {
  return (
    kept.key === finding.key &&
    finding.sinceUs <= (kept.untilUs ?? kept.seenUs) + SLACK_US &&
    (finding.untilUs ?? window.toUs) + SLACK_US >= kept.sinceUs
  );
}
