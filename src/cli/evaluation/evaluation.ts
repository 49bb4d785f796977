/**
 * Analysis that watches: judges what is stored second by second, and stores the states and findings that come of it. Time
 * is that of the packets, so a capture that is played or loaded is judged as it would have been when it was live.
 */
import { FindingsKeeper } from '../../../analysis/findings-keeper.ts';
import { StateKeeper } from '../../../analysis/health/keeper.ts';
import { buildReport } from '../../../analysis/report.ts';
import type { AnalysisSettings } from '../../../analysis/settings.ts';
import type { Window } from '../../events/facts.ts';
import { storeFindings, storeStates } from '../../store/judgements.ts';
import { readNewestStates, readStoredFindings } from '../../store/questions/judgements.ts';
import { readNewestSecond, readNodeSecondsOf } from '../../store/questions/node-seconds.ts';
import { readExtent, readWindowFacts } from '../../store/questions/window-facts.ts';
import type { Store } from '../../store/store.ts';
import { SeasonsOfStore } from './seasons.ts';
import { sentenceText } from '../text/sentence.ts';
import { SECOND_US, MINUTE_US, HOUR_US } from '../../core/time.ts';

/** What is usual is learnt from so much before the first second that is judged. */
const LEARNT_FROM_US = HOUR_US;
/** Seconds of all nodes that are read at once: an hour of many nodes is many rows. */
const READ_AT_ONCE_US = 900 * SECOND_US;
/** Findings of a live capture are those of the last quarter of an hour. */
const FINDINGS_WINDOW_US = 15 * MINUTE_US;
/** Rows of a second may come this much later than those of the next ones. */
const LATENESS_US = 5 * SECOND_US;
/** Of a store that knows no states yet so much is told when it begins. */
const BEGIN_BACK_US = 10 * SECOND_US;
/** After a longer hole an earlier run's states are over: nobody knows what was in between. */
const RESUME_WITHIN_US = 10 * MINUTE_US;

/** Judges a live capture, a few seconds behind it. */
export class Evaluation {
  readonly #store: Store;
  readonly #settings: AnalysisSettings;
  readonly #seasons: SeasonsOfStore;
  #states: StateKeeper | undefined;
  #findings: FindingsKeeper | undefined;
  #judgedUntilUs = 0;
  #findingsUntilUs = 0;

  constructor(store: Store, settings: AnalysisSettings) {
    this.#store = store;
    this.#settings = settings;
    this.#seasons = new SeasonsOfStore(store);
  }

  /**
   * Judges the seconds that have become complete, and once a minute of them what can be found in the last quarter of an
   * hour. What cannot be read or stored is judged the next time. `last`: nothing will come any more.
   * @throws MirrorSqlError what keeps the store from answering
   */
  async advance(last = false): Promise<void> {
    const newestUs = await readNewestSecond(this.#store, this.#store.collector);
    if (newestUs === undefined) return;
    const untilUs = newestUs + SECOND_US - (last ? 0 : LATENESS_US);
    this.#states ??= await this.#begin(untilUs);
    await this.#judge(this.#states, untilUs);
    if (last) await storeStates(this.#store, this.#states.open());
    if (last || untilUs - this.#findingsUntilUs >= MINUTE_US) await this.#find(untilUs);
  }

  async #begin(untilUs: number): Promise<StateKeeper> {
    const { collector } = this.#store;
    const newest = await readNewestStates(this.#store, collector);
    const toldUntilUs = newest.reduce((most, state) => Math.max(most, state.untilUs), 0);
    const resumes = toldUntilUs > untilUs - RESUME_WITHIN_US;
    const extent = await readExtent(this.#store);
    const storedFromUs = Math.floor((extent?.fromUs ?? 0) / SECOND_US) * SECOND_US;
    const tellFromUs = resumes
      ? Math.min(toldUntilUs, untilUs)
      : Math.max(untilUs - BEGIN_BACK_US, storedFromUs);
    const floor = Math.floor((tellFromUs - LEARNT_FROM_US) / SECOND_US) * SECOND_US;
    this.#judgedUntilUs = Math.max(floor, storedFromUs);
    const known = resumes
      ? newest.filter((state) => state.untilUs > tellFromUs - RESUME_WITHIN_US)
      : [];
    const window = { fromUs: tellFromUs - FINDINGS_WINDOW_US, toUs: tellFromUs };
    const findings = resumes ? await readStoredFindings(this.#store, window, collector) : [];
    this.#findings = new FindingsKeeper(collector, findings);
    return new StateKeeper(this.#settings, { collector, tellFromUs, known });
  }

  async #judge(states: StateKeeper, untilUs: number): Promise<void> {
    const { collector } = this.#store;
    while (this.#judgedUntilUs < untilUs) {
      const toUs = Math.min(untilUs, this.#judgedUntilUs + READ_AT_ONCE_US);
      const window = { fromUs: this.#judgedUntilUs, toUs };
      const rows = await readNodeSecondsOf(this.#store, window, collector);
      this.#judgedUntilUs = toUs;
      const seasons = await this.#seasons.of(window);
      await storeStates(this.#store, states.advance(rows, window, seasons));
    }
  }

  async #find(untilUs: number): Promise<void> {
    const { collector } = this.#store;
    const window = { fromUs: untilUs - FINDINGS_WINDOW_US, toUs: untilUs };
    const health = this.#states?.intervals(window) ?? [];
    const facts = await readWindowFacts(this.#store, window, { collector }, { health: false });
    const { findings } = buildReport(facts, this.#settings, health);
    this.#findingsUntilUs = untilUs;
    await storeFindings(this.#store, this.#findings?.take(findings, window) ?? [], sentenceText);
  }
}

/**
 * Judges a stretch of time that is stored: the states of its seconds, and the findings of each of its hours. The same
 * stretch of the same rows gives the same states and findings, which replace those that are stored already.
 * @throws MirrorSqlError what keeps the store from answering
 */
export async function evaluateStored(
  store: Store,
  settings: AnalysisSettings,
  { fromUs, toUs }: Window,
): Promise<void> {
  const { collector } = store;
  const startUs = Math.floor(fromUs / SECOND_US) * SECOND_US;
  const states = new StateKeeper(settings, { collector, tellFromUs: startUs });
  const findings = new FindingsKeeper(collector);
  let window = { fromUs: startUs - LEARNT_FROM_US, toUs: startUs };
  const seasons = new SeasonsOfStore(store);
  const learnt = await readNodeSecondsOf(store, window, collector);
  states.advance(learnt, window, await seasons.of(window));
  while (window.toUs < toUs) {
    const hour = { fromUs: window.toUs, toUs: Math.min(toUs, window.toUs + HOUR_US) };
    while (window.toUs < hour.toUs) {
      window = { fromUs: window.toUs, toUs: Math.min(hour.toUs, window.toUs + READ_AT_ONCE_US) };
      const rows = await readNodeSecondsOf(store, window, collector);
      await storeStates(store, states.advance(rows, window, await seasons.of(window)));
    }
    const facts = await readWindowFacts(store, hour, { collector }, { health: false });
    const report = buildReport(facts, settings, states.intervals(hour));
    await storeFindings(store, findings.take(report.findings, hour), sentenceText);
  }
  await storeStates(store, states.open());
}
