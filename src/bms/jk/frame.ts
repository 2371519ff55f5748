import type { Accept } from '../../protocol/accept.ts';
import { bytesOf, readNumber, writeNumber } from '../../protocol/bytes.ts';
import { sum16 } from '../../protocol/checksums.ts';
import { ANSWERED_AS, COMMAND, END, ID, LENGTHS, LONGEST, SOURCE, TYPE } from './fields.ts';

/**
 * `4E 57`, length (BE, without these two bytes), terminal id (4), command, source, type, payload, record number (4), 68,
 * and a sum of everything before it, whose high half is always 0.
 */
const PAYLOAD_AT = 11;
const TAIL = 9;
const SHORTEST = PAYLOAD_AT + TAIL;

function frameOf(command: number, source: number, type: number, payload: Uint8Array): Uint8Array {
  const length = writeNumber(SHORTEST + payload.length - 2, 'u16be');
  const body = bytesOf(0x4e, 0x57, length, [0, 0, 0, 0], command, source, type, payload, [0, 0, 0, 0], END);
  return bytesOf(body, writeNumber(sum16(body), 'u32be'));
}

/** Requests carry one zero byte where a value id would stand. */
const request = (command: number): Uint8Array =>
  frameOf(command, SOURCE.computer, TYPE.request, Uint8Array.of(0));
export const READ_ALL = request(COMMAND.readAll);
/** Value id 00, which no value has: a unit was seen to answer it with everything. */
export const READ_ID_0 = request(COMMAND.readOne);
/** The requests that bring everything, the usual one first. */
export const READS: readonly Uint8Array[] = [READ_ALL, READ_ID_0];
/** Wakes the interface of a sleeping unit; changes nothing else. */
export const ACTIVATE = request(COMMAND.activate);

export const replyTo = (asked: Uint8Array, payload: Uint8Array, command = commandOf(asked)): Uint8Array =>
  frameOf(command, SOURCE.bms, TYPE.reply, payload);

export const commandOf = (frame: Uint8Array): number => frame[8] ?? 0;

function accept(type: number, commands?: readonly number[]): Accept {
  return (received) => {
    for (const [index, expected] of [0x4e, 0x57].entries()) {
      if (index >= received.length) return 'more';
      if (received[index] !== expected)
        return { refused: 'start', why: `byte ${index} is ${received[index]}` };
    }
    const length = (readNumber(received, 2, 'u16be') ?? SHORTEST) + 2;
    if (length < SHORTEST || length > LONGEST)
      return { refused: 'length', why: `${length} bytes are not possible` };
    if (received.length < SHORTEST) return 'more';
    if (commands !== undefined && !commands.includes(commandOf(received)))
      return { refused: 'command', why: `command ${commandOf(received)}, not ${commands.join(' or ')}` };
    if (received[10] !== type) return { refused: 'command', why: `frame type ${received[10]}` };
    if (received.length < length) return 'more';
    if (received[length - 5] !== END) return { refused: 'end', why: 'no 68 at the end' };
    return sum16(received.subarray(0, length - 4)) === readNumber(received, length - 4, 'u32be')
      ? length
      : { refused: 'checksum', why: 'sum does not match' };
  };
}

/** Accepts the reply to `asked`. Frames without the sum check were seen with other cell voltages than the real ones. */
export function acceptReply(asked: Uint8Array): Accept {
  const commands = ANSWERED_AS[commandOf(asked)];
  if (commands !== undefined) return accept(TYPE.reply, commands);
  return () => ({ refused: 'command', why: 'this request has no known answer' });
}

export const acceptRequest: Accept = accept(TYPE.request);

/** The values of a reply by id. The walk ends at the first id of unknown length. */
export function valuesOf(frame: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const payload = frame.subarray(PAYLOAD_AT, -TAIL);
  const values = new Map<number, Uint8Array>();
  let at = 0;
  while (at < payload.length) {
    const id = payload[at] ?? 0;
    const start = id === ID.cells ? at + 2 : at + 1;
    const length = id === ID.cells ? payload[at + 1] : LENGTHS[id];
    if (length === undefined || start + length > payload.length) break;
    values.set(id, payload.subarray(start, start + length));
    at = start + length;
  }
  return values;
}
