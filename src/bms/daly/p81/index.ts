import { acceptAnswer, readRegisters, writeRegister } from '../../../protocol/modbus.ts';
import type { AskOptions, Exchange } from '../../../transport/exchange.ts';
import {
  assemble,
  assertPlausible,
  type BmsDriver,
  confirm,
  FET_STAYED,
  inquire,
  LIMIT_KEYS,
  type Part,
  PollParts,
  type SlowFacts,
  slowFacts,
} from '../../driver.ts';
import { assertCellsFit, finishDaly } from '../faults.ts';
import { decode } from './decode.ts';
import { ANSWERS_LOWER_BY, ASKED_FROM, BLOCK, BOARDS, REGISTER } from './fields.ts';

const TIMEOUT_MS = 700;
const TRIES: AskOptions = { tries: 3 };
const TWICE: AskOptions = { tries: 2 };
const CONFIRM: AskOptions = { tries: 2, gapMs: 250 };
const CONFIRM_READS = 6;

/** A block that the first polls did not get is not there on this board. */
const POLLS_TO_ANSWER = 3;
/** Asked at the second poll, so that the first is quick; the trip points then about hourly. */
const TRIP_POINTS: SlowFacts = {
  keys: ['capacityDesign', ...LIMIT_KEYS],
  name: 'trip points (block 0x100)',
  first: 1,
  every: 3600,
  attempts: POLLS_TO_ANSWER,
};
const VERSIONS: SlowFacts = {
  keys: ['firmwareVersion', 'hardwareVersion', 'serialNumber'],
  first: 1,
  attempts: POLLS_TO_ANSWER,
};

const STATE: Part = {
  name: 'switches, remaining capacity and alarms (block 0x41)',
  toldIn: ({ alarms }) => alarms?.highCellVoltage !== undefined,
  alarms: (alarms) => alarms,
};

const read = (board: number, [start, count]: readonly [number, number]): Uint8Array =>
  readRegisters(ASKED_FROM + board, start, count);

/** Daly H, K, M, S and Y series and ESS-DL: Modbus with one address to ask and another to answer. */
export const dalyP81: BmsDriver = {
  id: 'daly-p81',
  family: 'daly',
  name: 'Daly (Modbus 81)',
  lines: [{ baudRate: 9600, gapMs: 50 }],
  addresses: BOARDS,
  limits: 'trip',
  answerMs: 200,

  accept: (request) => acceptAnswer(request, (request[0] ?? 0) - ANSWERS_LOWER_BY),
  addressOf: (request) => (request[0] === undefined ? undefined : request[0] - ASKED_FROM),
  decode,
  finish: finishDaly,

  async probe(link, board) {
    const cells = await inquire(dalyP81, link, read(board, BLOCK.cells), TIMEOUT_MS, TWICE);
    return assertCellsFit(assertPlausible(assemble(dalyP81, [cells])));
  },

  async poll(link, board, context) {
    const cells = await inquire(dalyP81, link, read(board, BLOCK.cells), TIMEOUT_MS, TRIES);
    const parts = new PollParts(link, board, context);
    const state = await parts.ask(STATE, (tries) =>
      inquire(dalyP81, link, read(board, BLOCK.state), TIMEOUT_MS, { tries }),
    );
    const ask = (block: readonly [number, number]) => () =>
      inquire(dalyP81, link, read(board, block), TIMEOUT_MS);
    return assemble(dalyP81, [
      await slowFacts(TRIP_POINTS, context, ask(BLOCK.settings)),
      await slowFacts(VERSIONS, context, ask(BLOCK.version)),
      cells,
      state ?? {},
      parts.end(),
    ]);
  },

  switches: {
    charge: (link, board, on) => turnFet(link, board, REGISTER.chargeSwitch, 'chargeEnabled', on),
    discharge: (link, board, on) => turnFet(link, board, REGISTER.dischargeSwitch, 'dischargeEnabled', on),
  },
};

async function turnFet(
  link: Exchange,
  board: number,
  register: number,
  key: 'chargeEnabled' | 'dischargeEnabled',
  on: boolean,
): Promise<void> {
  const request = writeRegister(ASKED_FROM + board, register, on ? 1 : 0);
  await inquire(dalyP81, link, request, TIMEOUT_MS, TWICE);
  await confirm(CONFIRM_READS, FET_STAYED, async () => {
    const state = await inquire(dalyP81, link, read(board, BLOCK.state), TIMEOUT_MS, CONFIRM);
    return state[key] === on;
  });
}
