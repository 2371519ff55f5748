import type { Reading } from '../../model/reading.ts';
import { assertCellsFit } from '../../protocol/daly.ts';
import type { AskOptions, Exchange } from '../../transport/exchange.ts';
import {
  assemble,
  assertPlausible,
  type BmsDriver,
  confirm,
  FET_STAYED,
  ifTold,
  inquire,
  isDue,
  type PollContext,
  pick,
  toldTwice,
} from '../driver.ts';
import { decode, decodeTemperatures, finish } from './decode.ts';
import { CELLS_PER_FRAME, COMMAND, PART, type Part, SENSOR_COUNT_AT, SENSORS_PER_FRAME } from './fields.ts';
import { acceptFrames, BOARDS, boardOf, dataOf, request } from './frame.ts';

const TIMEOUT_MS = 300;
const TRIES: AskOptions = { tries: 3 };
const TWICE: AskOptions = { tries: 2 };
/** A foreign request that contained A5 leaves the board waiting for the rest of a frame; silence makes it forget. */
const PROBE: AskOptions = { tries: 3, gapMs: 200 };
/** 0x93 was seen to follow a switch within a second. */
const CONFIRM: AskOptions = { tries: 2, gapMs: 250 };
const CONFIRM_READS = 6;

/** Cells and sensors are counted anew now and then. */
const COUNTS_EVERY = 30;

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
    const pack = await inquire(daly, link, request(board, COMMAND.pack), TIMEOUT_MS, PROBE);
    const counts = await inquire(daly, link, request(board, COMMAND.counts), TIMEOUT_MS, TRIES);
    return assertCellsFit(assertPlausible(assemble(daly, [pack, counts])));
  },

  async poll(link, board, context) {
    const pack = await inquire(daly, link, request(board, COMMAND.pack), TIMEOUT_MS, TRIES);
    const { counts, sensors } = await readCounts(link, board, context);
    const tell = (part: Part, frames?: number, read?: typeof decode): Promise<Reading> =>
      gather(link, board, context, part, frames, read);
    return assemble(daly, [
      await tell(PART.ratings),
      await tell(PART.code),
      await tell(PART.limits),
      await tell(PART.balancing),
      await tell(PART.state),
      await tell(PART.faults),
      await tell(PART.cells, Math.ceil((counts.cellCount ?? 0) / CELLS_PER_FRAME)),
      await tell(PART.sensors, Math.ceil(sensors / SENSORS_PER_FRAME), (_, reply) =>
        decodeTemperatures(reply, sensors),
      ),
      counts,
      pack,
    ]);
  },

  switches: {
    charge: (link, board, on) => turn(link, board, COMMAND.chargeFet, 'chargeEnabled', on),
    discharge: (link, board, on) => turn(link, board, COMMAND.dischargeFet, 'dischargeEnabled', on),
  },
};

/** Sensors by connection and board: the one count that a reading does not carry. */
const SENSOR_COUNTS = new WeakMap<Exchange, Map<number, number>>();

/** Without counts no other answer can be believed, so their silence is an error of the poll until they are known. */
async function readCounts(
  link: Exchange,
  board: number,
  { cycle, known }: PollContext,
): Promise<{ counts: Reading; sensors: number }> {
  const remembered = SENSOR_COUNTS.get(link) ?? new Map<number, number>();
  SENSOR_COUNTS.set(link, remembered);
  const sensors = known.cellCount === undefined ? undefined : remembered.get(board);
  const old = sensors === undefined ? undefined : { counts: pick(known, ['cellCount', 'cycles']), sensors };
  if (old !== undefined && cycle % COUNTS_EVERY !== 0) return old;
  const asked = request(board, COMMAND.counts);
  const answer = link.ask(asked, acceptFrames(asked), TIMEOUT_MS, TRIES);
  const reply = old === undefined ? await answer : await ifTold(answer);
  if (reply === undefined) return old ?? { counts: {}, sensors: 0 };
  const told = { counts: decode(asked, reply), sensors: dataOf(reply)[SENSOR_COUNT_AT] ?? 0 };
  remembered.set(board, told.sensors);
  return told;
}

/**
 * One part of a poll. Silence to a measurement that this board has told before is an error; before that it is a command
 * that the board may not have.
 */
async function gather(
  link: Exchange,
  board: number,
  context: PollContext,
  part: Part,
  count?: number,
  read: typeof decode = decode,
): Promise<Reading> {
  const { known } = context;
  const { command, keys, every } = part;
  const told = keys.some((key) => known[key] !== undefined);
  if (!isDue(part, context) || count === 0) return every === 1 ? {} : pick(known, keys);
  const asked = request(board, command);
  const ask = async (): Promise<Reading> =>
    read(asked, await link.ask(asked, acceptFrames(asked, count), TIMEOUT_MS, told ? TRIES : TWICE));
  if (told && every === 1) return ask();
  return (await ifTold(isMeasured(part) ? ask() : toldTwice(ask))) ?? pick(known, keys);
}

/** What is asked so often that a wrong answer is soon forgotten. */
const isMeasured = ({ every }: Part): boolean => every !== undefined && every < COUNTS_EVERY;

async function turn(
  link: Exchange,
  board: number,
  command: number,
  key: 'chargeEnabled' | 'dischargeEnabled',
  on: boolean,
): Promise<void> {
  await inquire(daly, link, request(board, command, [on ? 1 : 0]), TIMEOUT_MS, TWICE);
  await confirm(CONFIRM_READS, FET_STAYED, async () => {
    const state = await inquire(daly, link, request(board, COMMAND.state), TIMEOUT_MS, CONFIRM);
    return state[key] === on;
  });
}
