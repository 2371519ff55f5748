import { RefusedError } from '../../../errors.ts';
import { acceptAnswer, readRegisters, writeRegister } from '../../../protocol/modbus.ts';
import { blockOf, register } from '../../../protocol/registers.ts';
import {
  assemble,
  assertPlausible,
  type BmsDriver,
  LIMIT_KEYS,
  planned,
  type Query,
  type Turn,
  turnOf,
} from '../../driver.ts';
import { BLUETOOTH } from '../bluetooth.ts';
import { assertCellsFit, finishDaly } from '../faults.ts';
import { decode } from './decode.ts';
import { ADDRESS, BLOCK, REGISTER } from './fields.ts';

const asks = ([start, count]: readonly [number, number]): Query['asks'] => {
  return () => readRegisters(ADDRESS, start, count);
};
const STATUS_QUERY: Query = { asks: asks(BLOCK.status), tries: 3 };
/** Longer requests fail on older boards, and some do not have these registers at all. */
const MORE_QUERY: Query = {
  asks: asks(BLOCK.more),
  name: 'balancing cells and FET temperature (block 0x3E)',
  tells: ['cellBalancing', 'mosfetTemperature'],
  optional: {},
};
/** Asked at the second poll, so that the first is quick; a block that the first polls did not get is not there. */
const ONCE = { first: 1, attempts: 3 } as const;
const SETTINGS_QUERY: Query = {
  asks: asks(BLOCK.settings),
  name: 'trip points (block 0x80)',
  tells: ['capacityDesign', ...LIMIT_KEYS],
  rarely: { ...ONCE, every: 3600 },
};
const VERSION_QUERY: Query = {
  asks: asks(BLOCK.version),
  tells: ['firmwareVersion', 'hardwareVersion'],
  rarely: ONCE,
};
const SWITCHES_QUERY: Query = { asks: asks(BLOCK.switches) };

const CONFIRM = { tries: 2, gapMs: 250 } as const;

/** The acknowledgement equals the request; one capture shows a damaged one, which is asked for again. */
const write = (number: number, on: boolean): Query => ({
  asks: () => writeRegister(ADDRESS, number, on ? 1 : 0),
  tries: 2,
  replyEqualsRequest: true,
});

const turnFet = (number: number, key: 'chargeEnabled' | 'dischargeEnabled'): Turn =>
  turnOf({ write: (on) => write(number, on), shownBy: STATUS_QUERY, key, how: CONFIRM });

/** The balancer may rest although it is switched on, so its switch is read back and not its activity. */
const turnBalancer: Turn = async (talk, on) => {
  await talk.ask(write(REGISTER.balancerSwitch, on));
  const { reply } = await talk.ask(SWITCHES_QUERY, CONFIRM);
  const set = register(blockOf(reply), BLOCK.switches[0], REGISTER.balancerSwitch);
  if (set !== (on ? 1 : 0))
    throw new RefusedError('the balancer switch was acknowledged, but did not follow');
};

/** Daly with Modbus at the fixed address D2. */
export const dalyD2: BmsDriver = planned({
  id: 'daly-d2',
  family: 'daly',
  name: 'Daly (Modbus D2)',
  responder: async () => (await import('./responder.ts')).responder,
  reach: {
    serial: { lines: [{ baudRate: 9600, gapMs: 50 }], addresses: [1], answerMs: 200, rank: 'common' },
    bluetooth: BLUETOOTH,
  },
  sends: {
    reads: [/^d203/],
    switches: {
      charge: [/^d20600a5000[01]/],
      discharge: [/^d20600a6000[01]/],
      balancer: [/^d20600cf000[01]/],
    },
  },
  limits: 'trip',
  timeoutMs: 700,
  queries: [STATUS_QUERY, MORE_QUERY, SETTINGS_QUERY, VERSION_QUERY],
  probe: { tries: 2 },

  accept: (request) => acceptAnswer(request),
  decode,
  finish: finishDaly,

  prove: async (_talk, { reading }) => assertCellsFit(assertPlausible(assemble(dalyD2, [reading]))),

  switches: {
    charge: turnFet(REGISTER.chargeSwitch, 'chargeEnabled'),
    discharge: turnFet(REGISTER.dischargeSwitch, 'dischargeEnabled'),
    balancer: turnBalancer,
  },
});
