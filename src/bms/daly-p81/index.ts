import { RefusedError } from '../../errors.ts';
import type { Reading } from '../../model/reading.ts';
import type { Accept } from '../../protocol/accept.ts';
import { assertCellsFit, finishDaly } from '../../protocol/daly.ts';
import { acceptRegisters, acceptWritten, readRegisters, writeRegister } from '../../protocol/modbus.ts';
import type { AskOptions, Exchange } from '../../transport/exchange.ts';
import { assemble, assertPlausible, type BmsDriver, ifTold, inquire, pick } from '../driver.ts';
import { decode } from './decode.ts';
import { ANSWERS_LOWER_BY, ASKED_FROM, BLOCK, BOARDS, REGISTER } from './fields.ts';

const TIMEOUT_MS = 700;
const TRIES: AskOptions = { tries: 3 };
const TWICE: AskOptions = { tries: 2 };
const CONFIRM: AskOptions = { tries: 2, gapMs: 250 };
const CONFIRM_READS = 6;

/** A block that the first polls did not get is not there on this board. */
const POLLS_TO_ANSWER = 3;
/** Settings and versions are asked at the second poll, so that the first is quick; settings then about hourly. */
const SETTINGS_EVERY = 3600;
const SETTINGS_KEYS = [
  'capacityDesign',
  'maxChargeVoltage',
  'minDischargeVoltage',
  'maxChargeCurrent',
  'maxDischargeCurrent',
] as const;
const VERSION_KEYS = ['firmwareVersion', 'hardwareVersion', 'serialNumber'] as const;

const read = (board: number, [start, count]: readonly [number, number]): Uint8Array =>
  readRegisters(ASKED_FROM + board, start, count);

const WRITE_FUNCTION = 6;
const accept = (request: Uint8Array): Accept => {
  const replyAddress = (request[0] ?? 0) - ANSWERS_LOWER_BY;
  return request[1] === WRITE_FUNCTION
    ? acceptWritten(request, replyAddress)
    : acceptRegisters(request, replyAddress);
};

/** Daly H, K, M, S and Y series and ESS-DL: Modbus with one address to ask and another to answer. */
export const dalyP81: BmsDriver = {
  id: 'daly-p81',
  family: 'daly',
  name: 'Daly (Modbus 81)',
  lines: [{ baudRate: 9600, gapMs: 50 }],
  addresses: BOARDS,
  limits: 'trip',
  answerMs: 200,

  accept,
  addressOf: (request) => (request[0] === undefined ? undefined : request[0] - ASKED_FROM),
  decode,
  finish: finishDaly,

  async probe(link, board) {
    const cells = await inquire(dalyP81, link, read(board, BLOCK.cells), TIMEOUT_MS, TWICE);
    return assertCellsFit(assertPlausible(assemble(dalyP81, [cells])));
  },

  async poll(link, board, { cycle, known }) {
    const cells = await inquire(dalyP81, link, read(board, BLOCK.cells), TIMEOUT_MS, TRIES);
    const state = await inquire(dalyP81, link, read(board, BLOCK.state), TIMEOUT_MS, TRIES);
    const ask = (block: readonly [number, number]): Promise<Reading | undefined> =>
      ifTold(inquire(dalyP81, link, read(board, block), TIMEOUT_MS));
    const has = (keys: readonly (keyof Reading)[]): boolean => keys.some((key) => known[key] !== undefined);
    const early = cycle >= 1 && cycle <= POLLS_TO_ANSWER;
    const askSettings = has(SETTINGS_KEYS) ? cycle % SETTINGS_EVERY === 1 : early;
    const settings = askSettings ? await ask(BLOCK.settings) : undefined;
    const version = !has(VERSION_KEYS) && early ? await ask(BLOCK.version) : undefined;
    return assemble(dalyP81, [
      pick(settings ?? known, SETTINGS_KEYS),
      version ?? pick(known, VERSION_KEYS),
      cells,
      state,
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
  for (let attempt = 0; attempt < CONFIRM_READS; attempt += 1) {
    const state = await inquire(dalyP81, link, read(board, BLOCK.state), TIMEOUT_MS, CONFIRM);
    if (state[key] === on) return;
  }
  throw new RefusedError('the switch was acknowledged, but the FET did not follow');
}
