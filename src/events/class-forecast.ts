/** P8, the forecast of the important classes: what the store answers, and the rows that the report shows. */

/** One class in one minute. */
export interface ClassMinute {
  readonly fingerprint: string;
  readonly startUs: number;
  readonly answered: number;
  readonly durationSumUs: number;
}

/** The minutes before the end of a window, of the classes that take most of the response time there. */
export interface ClassForecastFacts {
  /** Whole minutes that `minutes` covers; its end is the moment from which is forecast. */
  readonly window: { readonly fromUs: number; readonly toUs: number };
  /** Most time first. */
  readonly classes: readonly {
    readonly fingerprint: string;
    readonly normalized: string;
    /** Of the response time of all classes in the last hour of `window`. */
    readonly shareOfTime: number;
  }[];
  /** By class, then time; minutes without any call are left out. */
  readonly minutes: readonly ClassMinute[];
  /** Starts of minutes of which the capture lost too much to tell. */
  readonly lossyMinutesUs: readonly number[];
}

/** What the mean response time of a class will be; bands are null where too few past errors are known for them. */
export interface ForecastPoint {
  readonly aheadUs: number;
  readonly meanUs: number;
  readonly lower80Us: number | null;
  readonly upper80Us: number | null;
  readonly lower95Us: number | null;
  readonly upper95Us: number | null;
}

export interface ClassForecast {
  readonly fingerprint: string;
  readonly normalized: string;
  readonly shareOfTime: number;
  /** From here on is forecast. */
  readonly fromUs: number;
  /** Where the line through the last hour stands now. */
  readonly nowUs: number;
  /** Of the last hour; null where no trend is found (p < 0.01 for all classes together). */
  readonly trend: { readonly changePerHour: number; readonly pValue: number } | null;
  /**
   * Mean absolute error of forecasts like this one made in the past, divided by that of "it stays as it was in the last
   * minute". Well below 1 the forecast has skill. null: too short a past to try.
   */
  readonly errorRatio: number | null;
  /** Forecasts that were tried in the past. */
  readonly triedCount: number;
  /** Empty without skill. */
  readonly points: readonly ForecastPoint[];
  readonly thresholdUs: number;
  /** Whole minutes; 0: it is beyond. null: no trend towards it, no skill, or further away than forecasts were tried. */
  readonly timeToThresholdUs: number | null;
  /** When the ends of the 80 % band reach it, whole minutes; null where timeToThresholdUs is 0 or null. */
  readonly thresholdBand: {
    readonly earliestUs: number;
    /** null: later than forecasts were tried. */
    readonly latestUs: number | null;
  } | null;
}
