/**
 * Hot. Command tags: `INSERT oid rows`, `UPDATE rows` ..., read without making a string (manual: CommandComplete).
 * Bench: test/bench/decode.bench.ts.
 */
import { text } from './errors.ts';
import { type Outcome, TagVerb } from './pending.ts';

/** First four letters of a tag as one big-endian number. */
const word = (letters: string): number =>
  (letters.charCodeAt(0) << 24) |
  (letters.charCodeAt(1) << 16) |
  (letters.charCodeAt(2) << 8) |
  letters.charCodeAt(3);

const SELECT = word('SELE');
const FETCH = word('FETC');
const INSERT = word('INSE');
const UPDATE = word('UPDA');
const DELETE = word('DELE');
const MERGE = word('MERG');
const COPY = word('COPY');
const BEGIN = word('BEGI');
const START = word('STAR');
const COMMIT = word('COMM');
const ROLLBACK = word('ROLL');
const PREPARE = word('PREP');
const DEALLOCATE = word('DEAL');
const DISCARD = word('DISC');

const LETTER_I = 0x49;
const DIGIT_0 = 0x30;
const SPACE = 0x20;
const COMMAND_SIZE_MAX = 64;

/**
 * Puts what the tag in view[start, end) says into `outcome`.
 * @param lossy rows may not have been seen: then the tag's own count stands for them
 */
export function readTag(
  view: DataView,
  start: number,
  end: number,
  outcome: Outcome,
  lossy: boolean,
): void {
  if (end - start < 5) return;
  switch (view.getInt32(start)) {
    case SELECT:
      returned(outcome, lastNumber(view, start, end), lossy);
      return;
    case FETCH:
      returned(outcome, lastNumber(view, start, end), lossy);
      return;
    case INSERT:
    case UPDATE:
    case DELETE:
    case MERGE:
      outcome.rowsAffected = lastNumber(view, start, end);
      return;
    case COPY:
      outcome.copyRows = lastNumber(view, start, end);
      return;
    case BEGIN:
    case START:
      outcome.verb = TagVerb.Begin;
      return;
    case COMMIT:
      // COMMENT begins with the same four letters. COMMIT PREPARED ends another session's work, not ours.
      if (view.getUint8(start + 4) === LETTER_I && end - start <= 7) outcome.verb = TagVerb.Commit;
      return;
    case ROLLBACK:
      outcome.verb = end - start <= 9 ? TagVerb.Rollback : TagVerb.RollbackPrepared;
      return;
    case PREPARE:
      if (end - start > 8) outcome.verb = TagVerb.PrepareTransaction;
      return;
    case DEALLOCATE:
      outcome.verb = end - start > 11 ? TagVerb.ForgetAll : TagVerb.Forget;
      return;
    case DISCARD:
      if (end - start === 12) outcome.verb = TagVerb.ForgetAll;
      return;
    default:
      return;
  }
}

/** SELECT 3 without rows on the wire: CREATE TABLE AS, SELECT INTO, REFRESH: the rows were written. */
function returned(outcome: Outcome, count: number, lossy: boolean): void {
  if (lossy && count > outcome.rowsReturned) {
    outcome.rowsReturned = count;
  } else if (outcome.rowsReturned < 0) {
    outcome.rowsReturned = 0;
    if (count > 0) outcome.rowsAffected = count;
  }
}

/** The last integer of the tag; -1 when it does not end in one. */
function lastNumber(view: DataView, start: number, end: number): number {
  let index = end - 2; // In front of the closing zero byte.
  let value = 0;
  let scale = 1;
  while (index > start) {
    const digit = view.getUint8(index) - DIGIT_0;
    if (digit < 0 || digit > 9) break;
    value += digit * scale;
    scale *= 10;
    index--;
  }
  return scale > 1 && view.getUint8(index) === SPACE ? value : -1;
}

/** The words of a command tag, without its numbers. */
export function commandOf(bytes: Uint8Array, start: number, end: number): string | undefined {
  const words = text(bytes, start, Math.min(end - 1, start + COMMAND_SIZE_MAX)).replace(
    /[ \d]+$/,
    '',
  );
  return /^[A-Z][A-Z ]*$/.test(words) ? words : undefined;
}
