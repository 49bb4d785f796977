/** What the forecasts go by, with the reason of each default. */

export interface ForecastSettings {
  /** A mean response time that must not be reached; null: twice what the class took in the first minutes known. */
  readonly thresholdUs: number | null;
  /** A learnt threshold is never below this: nobody is woken because 2 ms become 4. */
  readonly thresholdFloorUs: number;
  /** Minutes that the line goes through: an hour follows what grows with the data, and forgets what was deployed before. */
  readonly lineMinutes: number;
  /** Fewer minutes make no line. */
  readonly minutesMin: number;
  /** Fewer calls make no minute: the mean of so few is mostly chance. */
  readonly callsMin: number;
  /** Chance that one of all classes of a window seems to grow and does not. */
  readonly pValueMax: number;
  /** A change within an hour that is worth a word, however sure: less, nobody feels. */
  readonly changeMin: number;
  /** Minutes ahead for which a forecast is made and tried. Half of what the line goes through; further is guessing. */
  readonly aheadMinutes: readonly number[];
  /** Minutes between two forecasts that are tried in the past: neighbours say nearly the same. */
  readonly triedEveryMinutes: number;
  /** Fewer tries say nothing about skill. */
  readonly triesMin: number;
  /**
   * A forecast has skill when its past error, divided by that of the naive one, is below this. Not 1: of the ratios of an
   * hour or two some are below 1 by chance, and of what is then shown half would be worse than the naive forecast.
   */
  readonly errorRatioMax: number;
  /** A threshold nearer than this is warned of: time enough to do something. */
  readonly warnWithinUs: number;
  /** Less of all response time is not important. */
  readonly shareMin: number;
}

export const defaultForecastSettings: ForecastSettings = {
  thresholdUs: null,
  thresholdFloorUs: 20_000,
  lineMinutes: 60,
  minutesMin: 20,
  callsMin: 5,
  pValueMax: 0.01,
  changeMin: 0.1,
  aheadMinutes: [5, 10, 20, 30],
  triedEveryMinutes: 3,
  triesMin: 8,
  errorRatioMax: 0.9,
  warnWithinUs: 30 * 60_000_000,
  shareMin: 0.01,
};
