/** The ring of requests that wait. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PendingKind, PendingQueue } from '../../../../collectors/protocols/postgres/pending.ts';

describe('the queue of requests', () => {
  it('behaves as a list with three marks, through growth and reuse', () => {
    const step = fc.constantFrom('push', 'push', 'push', 'answer', 'tell', 'remove');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new PendingQueue();
        // Times of the requests that were not told; the first `answered` of them have their answers.
        let model: number[] = [];
        let answered = 0;
        steps.forEach((what, time) => {
          if (what === 'push') {
            queue.push(PendingKind.Query, time, 1);
            model.push(time);
          } else if (what === 'answer' && answered < model.length) {
            queue.head++;
            answered++;
          } else if (what === 'tell') {
            queue.release();
            model = model.slice(answered);
            answered = 0;
          } else if (what === 'remove' && answered < model.length) {
            queue.remove(queue.tail - 1 - ((model.length - answered) >> 1));
            model.splice(model.length - 1 - ((model.length - answered) >> 1), 1);
          }
          expect([queue.sizeCount, queue.waitingCount]).toEqual([
            model.length,
            model.length - answered,
          ]);
          expect(queue.current?.tsUs).toBe(model[answered]);
          expect(model.map((_, index) => queue.at(queue.base + index).tsUs)).toEqual(model);
        });
      }),
      { numRuns: 200 },
    );
  });

  it('gives no two requests the same place after one was taken out', () => {
    const queue = new PendingQueue();
    for (let time = 0; time < 4; time++) queue.push(PendingKind.Sync, time, 1);
    queue.remove(1);
    queue.push(PendingKind.Sync, 9, 1);
    const places = new Set([0, 1, 2, 3].map((index) => queue.at(index)));
    expect(places.size).toBe(4);
    expect([...places].map(({ tsUs }) => tsUs)).toEqual([0, 2, 3, 9]);
  });

  it('leaves nothing of an old request in a new one', () => {
    const queue = new PendingQueue();
    const first = queue.push(PendingKind.Execute, 1, 10);
    const fresh = { ...first };
    first.quality = 255;
    first.portalName = 'p';
    first.skipped = true;
    first.done = true;
    first.cancelRequested = true;
    first.copiesIn = true;
    first.outcome.rowsReturned = 7;
    const query = new Uint8Array(Buffer.from('SELECT'));
    first.text.set(query, new DataView(query.buffer), 0, 6);
    queue.head++;
    queue.release();
    const next = queue.push(PendingKind.Execute, 1, 10);
    expect(next).toBe(first);
    expect({ ...next, text: 0, outcome: 0 }).toEqual({ ...fresh, text: 0, outcome: 0 });
    expect(next.outcome.rowsReturned).toBe(-1);
  });
});
