import { RefusedError } from '../../errors.ts';
import type { Reading } from '../../model/reading.ts';
import type { Accept } from '../../protocol/accept.ts';
import { assertCellsFit, finishDaly } from '../../protocol/daly.ts';
import { acceptRegisters, acceptWritten, readRegisters, writeRegister } from '../../protocol/modbus.ts';
import { blockOf, register } from '../../protocol/registers.ts';
import type { AskOptions, Exchange } from '../../transport/exchange.ts';
import { assemble, assertPlausible, type BmsDriver, ifTold, inquire, pick } from '../driver.ts';
import { decode } from './decode.ts';
import { ADDRESS, BLOCK, REGISTER } from './fields.ts';

const read = ([start, count]: readonly [number, number]): Uint8Array => readRegisters(ADDRESS, start, count);
const READ_STATUS = read(BLOCK.status);
const READ_MORE = read(BLOCK.more);
const READ_SETTINGS = read(BLOCK.settings);
const READ_VERSION = read(BLOCK.version);
const READ_SWITCHES = read(BLOCK.switches);

const TIMEOUT_MS = 700;
const TRIES: AskOptions = { tries: 3 };
const TWICE: AskOptions = { tries: 2 };
/** The acknowledgement equals the request; one capture shows a damaged one, which is asked for again. */
const WRITE: AskOptions = { tries: 2, replyEqualsRequest: true };
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
const VERSION_KEYS = ['firmwareVersion', 'hardwareVersion'] as const;
const MORE_KEYS = ['cellBalancing', 'mosfetTemperature'] as const;

const WRITE_FUNCTION = 6;
const accept = (request: Uint8Array): Accept =>
  request[1] === WRITE_FUNCTION ? acceptWritten(request) : acceptRegisters(request);

/** Daly with Modbus at the fixed address D2. */
export const dalyD2: BmsDriver = {
  id: 'daly-d2',
  family: 'daly',
  name: 'Daly (Modbus D2)',
  lines: [{ baudRate: 9600, gapMs: 50 }],
  addresses: [1],
  limits: 'trip',
  answerMs: 200,

  accept,
  decode,
  finish: finishDaly,

  async probe(link) {
    const status = await inquire(dalyD2, link, READ_STATUS, TIMEOUT_MS, TWICE);
    return assertCellsFit(assertPlausible(assemble(dalyD2, [status])));
  },

  async poll(link, _address, { cycle, known }) {
    const status = await inquire(dalyD2, link, READ_STATUS, TIMEOUT_MS, TRIES);
    const ask = (request: Uint8Array): Promise<Reading | undefined> =>
      ifTold(inquire(dalyD2, link, request, TIMEOUT_MS));
    const has = (keys: readonly (keyof Reading)[]): boolean => keys.some((key) => known[key] !== undefined);
    const early = cycle >= 1 && cycle <= POLLS_TO_ANSWER;
    const more = has(MORE_KEYS)
      ? await inquire(dalyD2, link, READ_MORE, TIMEOUT_MS, TRIES)
      : cycle < POLLS_TO_ANSWER && (await ask(READ_MORE));
    const askSettings = has(SETTINGS_KEYS) ? cycle % SETTINGS_EVERY === 1 : early;
    const settings = askSettings ? await ask(READ_SETTINGS) : undefined;
    const version = !has(VERSION_KEYS) && early ? await ask(READ_VERSION) : undefined;
    return assemble(dalyD2, [
      pick(settings ?? known, SETTINGS_KEYS),
      version ?? pick(known, VERSION_KEYS),
      more || {},
      status,
    ]);
  },

  switches: {
    charge: (link, _address, on) => turnFet(link, REGISTER.chargeSwitch, 'chargeEnabled', on),
    discharge: (link, _address, on) => turnFet(link, REGISTER.dischargeSwitch, 'dischargeEnabled', on),
    balancer: (link, _address, on) => turnBalancer(link, on),
  },
};

async function write(link: Exchange, number: number, on: boolean): Promise<void> {
  await inquire(dalyD2, link, writeRegister(ADDRESS, number, on ? 1 : 0), TIMEOUT_MS, WRITE);
}

async function turnFet(
  link: Exchange,
  number: number,
  key: 'chargeEnabled' | 'dischargeEnabled',
  on: boolean,
): Promise<void> {
  await write(link, number, on);
  for (let attempt = 0; attempt < CONFIRM_READS; attempt += 1) {
    const status = await inquire(dalyD2, link, READ_STATUS, TIMEOUT_MS, CONFIRM);
    if (status[key] === on) return;
  }
  throw new RefusedError('the switch was acknowledged, but the FET did not follow');
}

/** The balancer may rest although it is switched on, so its switch is read back and not its activity. */
async function turnBalancer(link: Exchange, on: boolean): Promise<void> {
  await write(link, REGISTER.balancerSwitch, on);
  const block = blockOf(await link.ask(READ_SWITCHES, accept(READ_SWITCHES), TIMEOUT_MS, CONFIRM));
  const set = register(block, BLOCK.switches[0], REGISTER.balancerSwitch);
  if (set !== (on ? 1 : 0))
    throw new RefusedError('the balancer switch was acknowledged, but did not follow');
}
