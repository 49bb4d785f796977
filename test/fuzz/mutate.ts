/** Damage to bytes that knows their structure: lengths, messages, whole packets; and none at all where that is harder. */
import type { Dice } from '../simulation/dice.ts';

/** Numbers at which lengths and counts go wrong. */
const EDGES = [
  0, 1, 3, 4, 5, 7, 8, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0xffff_ffff,
];

/** One to a few changes of any kind; never longer than `sizeMax`. */
export function mutateBytes(bytes: Uint8Array, dice: Dice, sizeMax = 65_536): Buffer {
  let changed: Buffer = Buffer.from(bytes);
  for (let count = dice.between(1, 6); count > 0; count--) changed = change(changed, dice);
  return changed.subarray(0, sizeMax);
}

function change(bytes: Buffer, dice: Dice): Buffer {
  if (bytes.length === 0) return Buffer.of(dice.below(256));
  const at = dice.below(bytes.length);
  const size = dice.between(1, Math.min(64, bytes.length - at));
  switch (dice.below(9)) {
    case 0:
      bytes[at] = dice.below(256);
      return bytes;
    case 1:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << dice.below(8));
      return bytes;
    case 2:
      return number(bytes, at, dice);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at + size), bytes.subarray(at)]);
    case 5: {
      const rubbish = Buffer.from(Array.from({ length: size }, () => dice.below(256)));
      return Buffer.concat([bytes.subarray(0, at), rubbish, bytes.subarray(at)]);
    }
    case 6:
      return bytes.subarray(0, at);
    case 7:
      bytes.fill(dice.pick([0, 0xff, 0x20, 0x27, 0x24, 0x28]), at, at + size);
      return bytes;
    default: {
      const from = dice.below(bytes.length);
      bytes.copy(bytes, at, from, Math.min(bytes.length, from + size));
      return bytes;
    }
  }
}

/** A number of one, two or four bytes, in either order. */
function number(bytes: Buffer, at: number, dice: Dice): Buffer {
  const value = EDGES[dice.below(EDGES.length)] ?? 0;
  const room = bytes.length - at;
  if (room >= 4 && dice.oneIn(2)) {
    if (dice.oneIn(3)) bytes.writeUInt32LE(value >>> 0, at);
    else bytes.writeUInt32BE(value >>> 0, at);
  } else if (room >= 2 && dice.oneIn(2)) {
    bytes.writeUInt16BE(value & 0xffff, at);
  } else {
    bytes[at] = value & 0xff;
  }
  return bytes;
}

/** PostgreSQL's messages of one direction: one byte and a length that counts itself. What is no message stays one piece. */
export function messagesIn(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  let position = 0;
  while (position + 5 <= bytes.length) {
    const size = 1 + bytes.readUInt32BE(position + 1);
    if (size < 5 || position + size > bytes.length) break;
    messages.push(bytes.subarray(position, position + size));
    position += size;
  }
  if (position < bytes.length) messages.push(bytes.subarray(position));
  return messages;
}

/** Messages lost, repeated, moved, exchanged with those of others, and damaged within. */
export function mutateMessages(bytes: Buffer, others: readonly Buffer[], dice: Dice): Buffer {
  const messages = messagesIn(bytes);
  for (let count = dice.between(1, 4); count > 0 && messages.length > 0; count--) {
    const at = dice.below(messages.length);
    const [chosen] = messages.slice(at, at + 1);
    if (chosen === undefined) break;
    const foreign = messagesIn(others[dice.below(Math.max(1, others.length))] ?? chosen);
    switch (dice.below(5)) {
      case 0:
        messages.splice(at, 1);
        break;
      case 1:
        messages.splice(at, 0, chosen);
        break;
      case 2:
        messages.splice(dice.below(messages.length), 0, ...messages.splice(at, 1));
        break;
      case 3:
        messages[at] = foreign[dice.below(Math.max(1, foreign.length))] ?? chosen;
        break;
      default:
        messages[at] = mutateBytes(chosen, dice);
    }
  }
  return Buffer.concat(messages);
}
