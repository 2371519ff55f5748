import { RefusedError } from '../../../errors.ts';
import { acceptAnswer, readRegisters, writeRegister } from '../../../protocol/modbus.ts';
import { blockOf, register } from '../../../protocol/registers.ts';
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
/** Asked at the second poll, so that the first is quick; the trip points then about hourly. */
const TRIP_POINTS: SlowFacts = {
  keys: ['capacityDesign', ...LIMIT_KEYS],
  name: 'trip points (block 0x80)',
  first: 1,
  every: 3600,
  attempts: POLLS_TO_ANSWER,
};
const VERSIONS: SlowFacts = {
  keys: ['firmwareVersion', 'hardwareVersion'],
  first: 1,
  attempts: POLLS_TO_ANSWER,
};

/** Longer requests fail on older boards, and some do not have these registers at all. */
const MORE: Part = {
  name: 'balancing cells and FET temperature (block 0x3E)',
  toldIn: ({ cellBalancing, mosfetTemperature }) =>
    cellBalancing !== undefined || mosfetTemperature !== undefined,
};

/** Daly with Modbus at the fixed address D2. */
export const dalyD2: BmsDriver = {
  id: 'daly-d2',
  family: 'daly',
  name: 'Daly (Modbus D2)',
  lines: [{ baudRate: 9600, gapMs: 50 }],
  addresses: [1],
  limits: 'trip',
  answerMs: 200,

  accept: (request) => acceptAnswer(request),
  decode,
  finish: finishDaly,

  async probe(link) {
    const status = await inquire(dalyD2, link, READ_STATUS, TIMEOUT_MS, TWICE);
    return assertCellsFit(assertPlausible(assemble(dalyD2, [status])));
  },

  async poll(link, address, context) {
    const status = await inquire(dalyD2, link, READ_STATUS, TIMEOUT_MS, TRIES);
    const parts = new PollParts(link, address, context);
    const more = await parts.ask(MORE, (tries) => inquire(dalyD2, link, READ_MORE, TIMEOUT_MS, { tries }));
    const ask = (request: Uint8Array) => () => inquire(dalyD2, link, request, TIMEOUT_MS);
    return assemble(dalyD2, [
      more ?? {},
      await slowFacts(TRIP_POINTS, context, ask(READ_SETTINGS)),
      await slowFacts(VERSIONS, context, ask(READ_VERSION)),
      status,
      parts.end(),
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
  await confirm(CONFIRM_READS, FET_STAYED, async () => {
    const status = await inquire(dalyD2, link, READ_STATUS, TIMEOUT_MS, CONFIRM);
    return status[key] === on;
  });
}

/** The balancer may rest although it is switched on, so its switch is read back and not its activity. */
async function turnBalancer(link: Exchange, on: boolean): Promise<void> {
  await write(link, REGISTER.balancerSwitch, on);
  const block = blockOf(await link.ask(READ_SWITCHES, acceptAnswer(READ_SWITCHES), TIMEOUT_MS, CONFIRM));
  const set = register(block, BLOCK.switches[0], REGISTER.balancerSwitch);
  if (set !== (on ? 1 : 0))
    throw new RefusedError('the balancer switch was acknowledged, but did not follow');
}
