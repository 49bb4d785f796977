/** Schema of slow classes (events/slow-classes.ts). */
import Type from 'typebox';
import { evidenceSchema } from './health.ts';
import { CLOSED, count, durationUs, fingerprint, orNull, share, text, timeUs } from './values.ts';

const rowSchema = Type.Object(
  {
    fingerprint,
    normalized: text('The text with literals as ?'),
    tables: Type.Array(Type.String()),
    answered: count('Executions that were answered'),
    meanUs: durationUs('Mean response time'),
    excessUs: durationUs('What its executions took beyond as many average ones'),
    shareOfTime: share('Of the response time of all classes'),
    pValue: share('Probability of such a mean by chance'),
    signs: Type.Array(
      Type.Object(
        {
          sign: Type.Union([
            Type.Literal('large_result'),
            Type.Literal('lock_like'),
            Type.Literal('parameter_dependent'),
            Type.Literal('sudden_change'),
            Type.Literal('slow_fetch'),
            Type.Literal('queue_bound'),
            Type.Literal('leading_wildcard'),
            Type.Literal('no_predicate'),
            Type.Literal('select_star'),
          ]),
          evidence: Type.Array(evidenceSchema),
        },
        CLOSED,
      ),
      { description: 'What can be seen of why' },
    ),
    changedUs: orNull(timeUs('When it got slower suddenly')),
    usual: orNull(
      Type.Object(
        {
          basis: Type.Union([
            Type.Literal('hour of the week'),
            Type.Literal('hour of the day'),
            Type.Literal('any hour'),
          ]),
          hours: count('Hours that are alike and of which enough is known'),
          medianUs: durationUs('Median of their mean response times'),
        },
        {
          ...CLOSED,
          description: 'What it takes in hours like that of its change, else of its last execution',
        },
      ),
    ),
  },
  CLOSED,
);

export const slowClassesSchema = Type.Object(
  {
    meanUs: orNull(durationUs('Mean response time of all statements')),
    classes: Type.Array(rowSchema, { description: 'By share of time, most first' }),
    classesCount: count('All of them, of which the first thirty are told'),
  },
  { ...CLOSED, description: 'D5: classes slower than the mean' },
);
