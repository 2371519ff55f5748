import { ImplausibleError } from '../../errors.ts';
import type { Reading } from '../../model/reading.ts';
import type { AskOptions, Exchange } from '../../transport/exchange.ts';
import {
  assemble,
  assertPlausible,
  type BmsDriver,
  confirm,
  FET_STAYED,
  Forms,
  ifTold,
  type PollContext,
  PollParts,
  pick,
  slowFacts,
  toldTwice,
} from '../driver.ts';
import { decode, decodeTemperatures, finish } from './decode.ts';
import { assertCellsFit } from './faults.ts';
import {
  BALANCING_EVERY,
  CELLS_PER_FRAME,
  COMMAND,
  FACT,
  type Fact,
  type Measurement,
  PART,
  SENSOR_COUNT_AT,
  SENSORS_PER_FRAME,
} from './fields.ts';
import { acceptFrames, BOARDS, boardOf, capturedForm, dataOf, type Form, formsOf, request } from './frame.ts';

const TIMEOUT_MS = 300;
const TRIES = 3;
const TWICE = 2;
/** A foreign request that contained A5 leaves the board waiting for the rest of a frame; silence makes it forget. */
const PROBE: AskOptions = { gapMs: 200 };
/** 0x93 was seen to follow a switch within a second. */
const CONFIRM: AskOptions = { gapMs: 250 };
const CONFIRM_READS = 6;

/** Cells and sensors are counted anew now and then. */
const COUNTS_EVERY = 30;
/** Two readings of the pack voltage this near prove a board that tells nothing else, V. */
const SAME_VOLTAGE = 2;

const FORMS = new Forms<Form>();

/** One question; `count` is how many frames the answer has. */
interface Asked {
  readonly command: number;
  readonly tries: number;
  readonly count?: number | undefined;
  readonly options?: AskOptions;
}

/** Asks in the forms that this board may want: what it answered before, else every fill byte. */
async function ask(link: Exchange, board: number, asked: Asked): Promise<readonly [Uint8Array, Uint8Array]> {
  const { command, tries, count, options } = asked;
  const all = formsOf(board);
  const host = FORMS.known(link, board)?.host;
  const forms = host === undefined ? all : all.filter((form) => form.host === host);
  return FORMS.ask(link, { battery: board, name: `${command}`, forms, tries }, async (form) => {
    const frame = request(board, command, [], form);
    return [frame, await link.ask(frame, acceptFrames(frame, count), TIMEOUT_MS, options)];
  });
}

async function read(link: Exchange, board: number, asked: Asked): Promise<Reading> {
  return decode(...(await ask(link, board, asked)));
}

/** Daly "smart BMS" with 13-byte frames on UART and RS485. */
export const daly: BmsDriver = {
  id: 'daly',
  family: 'daly',
  name: 'Daly',
  lines: [{ baudRate: 9600, gapMs: 50 }],
  addresses: BOARDS,
  limits: 'trip',
  answerMs: 70,

  accept: (asked) => acceptFrames(asked),
  addressOf: boardOf,
  decode,
  finish,

  async probe(link, board) {
    const pack = await read(link, board, { command: COMMAND.pack, tries: TRIES, options: PROBE });
    const proof = await secondProof(link, board, pack);
    const reading = assertPlausible(assemble(daly, [pack, proof]));
    return reading.cellCount === undefined ? reading : assertCellsFit(reading);
  },

  async poll(link, board, context) {
    const pack = await read(link, board, { command: COMMAND.pack, tries: TRIES });
    const parts = new PollParts(link, board, context);
    const { counts, sensors } = await readCounts(link, board, context, parts);
    const frames = (values: number | undefined, perFrame: number): number | undefined =>
      values === undefined ? undefined : Math.ceil(values / perFrame);
    const tell = async (part: Measurement, count?: number): Promise<Reading> =>
      (await parts.ask(part, (tries) => read(link, board, { command: part.command, tries, count }))) ?? {};
    const fact = (slow: Fact): Promise<Reading> =>
      slowFacts(slow, context, async () => {
        const twice = await toldTwice(() => read(link, board, { command: slow.command, tries: TWICE }));
        return twice ?? pick(context.known, slow.keys);
      });
    return assemble(daly, [
      await fact(FACT.ratings),
      await fact(FACT.code),
      await fact(FACT.limits),
      looksAtBalancing(context) ? await tell(PART.balancing) : pick(context.known, PART.balancing.minor),
      await tell(PART.state),
      await tell(PART.faults),
      counts.cellCount === 0 ? {} : await tell(PART.cells, frames(counts.cellCount, CELLS_PER_FRAME)),
      sensors === 0 ? {} : await readSensors(link, board, parts, sensors),
      counts,
      parts.end(),
      pack,
    ]);
  },

  switches: {
    charge: (link, board, on) => turn(link, board, COMMAND.chargeFet, 'chargeEnabled', on),
    discharge: (link, board, on) => turn(link, board, COMMAND.dischargeFet, 'dischargeEnabled', on),
  },
};

/**
 * A sum of eight bits proves little, so that a probe wants a second answer: the counts, else the cells, which must make up the
 * pack voltage, else the pack again. Throws an ImplausibleError when the pack is another one then.
 */
async function secondProof(link: Exchange, board: number, pack: Reading): Promise<Reading> {
  const tell = (command: number): Promise<Reading | undefined> =>
    ifTold(read(link, board, { command, tries: TWICE }));
  const proof = (await tell(COMMAND.counts)) ?? (await tell(COMMAND.cells));
  if (proof !== undefined) return proof;
  const again = await read(link, board, { command: COMMAND.pack, tries: TWICE });
  if (Math.abs((again.voltage ?? 0) - (pack.voltage ?? 0)) > SAME_VOLTAGE || !pack.voltage)
    throw new ImplausibleError(`pack voltage ${pack.voltage} V, then ${again.voltage} V`);
  return again;
}

const looksAtBalancing = ({ cycle, known }: PollContext): boolean =>
  known.cellBalancing === undefined || cycle % BALANCING_EVERY === 0;

/** Sensors by connection and board: the one count that a reading does not carry. */
const SENSOR_COUNTS = new WeakMap<Exchange, Map<number, number>>();

/** How many cells and sensors there are. A board that does not tell is read as a log without counts is. */
async function readCounts(
  link: Exchange,
  board: number,
  { cycle, known }: PollContext,
  parts: PollParts,
): Promise<{ counts: Reading; sensors: number | undefined }> {
  const remembered = SENSOR_COUNTS.get(link) ?? new Map<number, number>();
  SENSOR_COUNTS.set(link, remembered);
  const sensors = known.cellCount === undefined ? undefined : remembered.get(board);
  const old = sensors === undefined ? undefined : { counts: pick(known, ['cellCount', 'cycles']), sensors };
  if (old !== undefined && cycle % COUNTS_EVERY !== 0) return old;
  const count = async (tries: number): Promise<Reading> => {
    const [asked, reply] = await ask(link, board, { command: COMMAND.counts, tries });
    const counts = decode(asked, reply);
    remembered.set(board, dataOf(reply)[SENSOR_COUNT_AT] ?? 0);
    return counts;
  };
  const counts = old === undefined ? await parts.ask(PART.counts, count) : await ifTold(count(TRIES));
  if (counts === undefined) return old ?? { counts: {}, sensors: undefined };
  return { counts, sensors: remembered.get(board) };
}

async function readSensors(
  link: Exchange,
  board: number,
  parts: PollParts,
  sensors: number | undefined,
): Promise<Reading> {
  const count = sensors === undefined ? undefined : Math.ceil(sensors / SENSORS_PER_FRAME);
  const { command } = PART.sensors;
  const told = await parts.ask(PART.sensors, async (tries) => {
    const [, reply] = await ask(link, board, { command, tries, count });
    return decodeTemperatures(reply, sensors);
  });
  return told ?? {};
}

/** Writes the captured frame; where it stays silent, the form in which this board answers. */
async function turn(
  link: Exchange,
  board: number,
  command: number,
  key: 'chargeEnabled' | 'dischargeEnabled',
  on: boolean,
): Promise<void> {
  const forms = [capturedForm(board), FORMS.known(link, board) ?? capturedForm(board)];
  const question = { battery: board, name: `${command}`, forms, tries: TWICE };
  await SWITCH_FORMS.ask(link, question, async (form) => {
    const frame = request(board, command, [on ? 1 : 0], form);
    return decode(frame, await link.ask(frame, acceptFrames(frame), TIMEOUT_MS));
  });
  await confirm(CONFIRM_READS, FET_STAYED, async () => {
    const state = await read(link, board, { command: COMMAND.state, tries: TWICE, options: CONFIRM });
    return state[key] === on;
  });
}

/** Kept apart from the reads: a board that takes a captured write has not shown how it wants to be read. */
const SWITCH_FORMS = new Forms<Form>();
