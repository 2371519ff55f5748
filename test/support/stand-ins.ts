import { type BmsDriver, planned } from '../../src/bms/driver.ts';
import { bytesOf } from '../../src/protocol/bytes.ts';
import { readRegisters } from '../../src/protocol/modbus.ts';
import type { LineSettings } from '../../src/transport/exchange.ts';

/** How a type that nobody has on the line is asked: line, request, answer time of its BMS, deadline and tries. */
interface StandIn {
  readonly line: LineSettings;
  readonly asks: Uint8Array;
  readonly answerMs: number;
  readonly timeoutMs: number;
  readonly tries: number;
}

const text = (request: string): Uint8Array => new TextEncoder().encode(request);
const at = (baudRate: number): LineSettings => ({ baudRate, gapMs: 50 });

/** What other serial BMSes are like, as far as a search is concerned: Modbus, ASCII frames, and one that is asked as another is. */
const KINDS: readonly StandIn[] = [
  { line: at(9600), asks: readRegisters(1, 0x1000, 18), answerMs: 100, timeoutMs: 500, tries: 2 },
  { line: at(9600), asks: readRegisters(1, 0, 39), answerMs: 60, timeoutMs: 500, tries: 2 },
  { line: at(9600), asks: readRegisters(48, 5000, 17), answerMs: 80, timeoutMs: 500, tries: 2 },
  { line: at(9600), asks: text('~22014A42E00201FD28\r'), answerMs: 60, timeoutMs: 500, tries: 1 },
  { line: at(9600), asks: text('~26004642E00200FD31\r'), answerMs: 50, timeoutMs: 500, tries: 1 },
  { line: at(9600), asks: bytesOf(0x3a, 0x30, 0x30, 0x0d), answerMs: 40, timeoutMs: 300, tries: 2 },
  { line: at(9600), asks: readRegisters(1, 0, 39), answerMs: 120, timeoutMs: 800, tries: 2 },
  { line: at(19_200), asks: readRegisters(0, 0x1000, 18), answerMs: 100, timeoutMs: 500, tries: 2 },
  { line: at(19_200), asks: text('~20004642E00200FD37\r'), answerMs: 60, timeoutMs: 500, tries: 1 },
  { line: at(115_200), asks: readRegisters(1, 0, 100), answerMs: 60, timeoutMs: 500, tries: 2 },
];

/** `count` types of which none is on the line; the second round of the kinds asks at other addresses. */
export function standIns(count: number): BmsDriver[] {
  return Array.from({ length: count }, (_, index) => standIn(index));
}

function standIn(index: number): BmsDriver {
  const kind = KINDS[index % KINDS.length];
  if (kind === undefined) throw new Error('there are no stand-ins');
  const { answerMs, asks, line, timeoutMs, tries } = kind;
  const round = Math.floor(index / KINDS.length);
  const request = round === 0 ? asks : bytesOf(asks, round);
  return planned({
    id: `stand-in-${index + 1}`,
    family: 'stand-in',
    name: 'a type that is not there',
    reach: { serial: { lines: [line], addresses: [1, 2, 3, 4], answerMs } },
    sends: { reads: [] },
    limits: 'none',
    timeoutMs,
    queries: [{ asks: () => request, tries }],
    probe: {},
    accept: () => () => ({ refused: 'command', why: 'it is not there' }),
    decode: () => ({}),
  });
}
