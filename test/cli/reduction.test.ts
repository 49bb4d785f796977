/** What is left out when the machine cannot keep up: in which order, and when it comes back. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReductionControl, type Strain } from '../../src/cli/monitor/reduction.ts';
import { Reduction } from '../../src/events/events.ts';

const CALM: Strain = { kernelDrops: 0, kernelFreezes: 0, delayMs: 1, quotaShare: 0 };

function after(control: ReductionControl, strain: Partial<Strain>, seconds: number): Reduction {
  for (let second = 0; second < seconds; second++) control.second({ ...CALM, ...strain });
  return control.reduction;
}

describe('a pipeline that cannot keep up', () => {
  it.each([
    ['drops', { kernelDrops: 1 }],
    ['a full buffer', { kernelFreezes: 1 }],
    ['a late clock', { delayMs: 400 }],
    ['a quota half used', { quotaShare: 0.6 }],
  ])('leaves out details, then parameters, then texts under %s', (_name, strain) => {
    const control = new ReductionControl();
    expect(after(control, strain, 1)).toBe(Reduction.None);
    expect(after(control, strain, 1)).toBe(Reduction.ResultDetails);
    expect(after(control, strain, 2)).toBe(Reduction.Parameters);
    expect(after(control, strain, 2)).toBe(Reduction.StatementTexts);
    expect(after(control, strain, 100)).toBe(Reduction.StatementTexts);
  });

  it('takes one step back for each half minute of calm', () => {
    const control = new ReductionControl();
    after(control, { kernelDrops: 9 }, 6);
    expect(after(control, {}, 29)).toBe(Reduction.StatementTexts);
    expect(after(control, {}, 1)).toBe(Reduction.Parameters);
    expect(after(control, {}, 60)).toBe(Reduction.None);
  });

  it('keeps its step while it is neither calm nor strained', () => {
    const control = new ReductionControl();
    after(control, { delayMs: 400 }, 2);
    expect(after(control, { delayMs: 100 }, 500)).toBe(Reduction.ResultDetails);
    expect(after(control, { quotaShare: 0.4 }, 500)).toBe(Reduction.ResultDetails);
  });

  it('moves one step at a time, and not twice within two seconds, whatever comes', () => {
    const strains = fc.record({
      kernelDrops: fc.nat(2),
      kernelFreezes: fc.nat(1),
      delayMs: fc.nat(500),
      quotaShare: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(strains, { maxLength: 200 }), (seconds) => {
        const control = new ReductionControl();
        const steps = seconds.map((strain) => control.second(strain));
        steps.forEach((step, index) => {
          expect(Math.abs(step - (steps[index - 1] ?? 0))).toBeLessThanOrEqual(1);
          expect(Math.abs(step - (steps[index - 2] ?? 0))).toBeLessThanOrEqual(1);
        });
      }),
    );
  });
});
