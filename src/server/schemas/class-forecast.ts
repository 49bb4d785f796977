/** Schema of the forecast of a class (events/class-forecast.ts). */
import Type from 'typebox';
import { CLOSED, count, durationUs, fingerprint, orNull, share, text, timeUs } from './values.ts';

const band = (description: string) => orNull(durationUs(description));

export const classForecastSchema = Type.Object(
  {
    fingerprint,
    normalized: text('Text of the class'),
    shareOfTime: share('Of the response time of all classes in the last hour'),
    fromUs: timeUs('From here on is forecast'),
    nowUs: durationUs('Mean response time where the line through the last hour stands now'),
    trend: orNull(
      Type.Object(
        {
          changePerHour: Type.Number({ description: 'Relative: 0.1 is ten percent longer' }),
          pValue: Type.Number(),
        },
        { ...CLOSED, description: 'Shown only where a test finds one' },
      ),
    ),
    errorRatio: orNull(
      Type.Number({
        minimum: 0,
        description:
          'Error of such forecasts in the past divided by that of "it stays as it is"; from 0.9 on the forecast has no skill',
      }),
    ),
    triedCount: count('Forecasts that were tried in the past'),
    points: Type.Array(
      Type.Object(
        {
          aheadUs: durationUs('How far ahead'),
          meanUs: durationUs('Mean response time'),
          lower80Us: band('Lower end of the band that covers 80 %'),
          upper80Us: band('Upper end of it'),
          lower95Us: band('Lower end of the band that covers 95 %'),
          upper95Us: band('Upper end of it'),
        },
        CLOSED,
      ),
      { description: 'Empty when the forecast has no skill' },
    ),
    thresholdUs: durationUs('What its mean must not reach: set, or twice what was usual'),
    timeToThresholdUs: orNull(durationUs('Until then, in whole minutes; 0 when it is beyond')),
    thresholdBand: orNull(
      Type.Object(
        {
          earliestUs: durationUs('Until the upper end of the band that covers 80 % reaches it'),
          latestUs: orNull(
            durationUs('Until the lower end does; null: later than forecasts were tried'),
          ),
        },
        CLOSED,
      ),
    ),
  },
  { ...CLOSED, description: 'Where the mean response time of an important class goes' },
);
