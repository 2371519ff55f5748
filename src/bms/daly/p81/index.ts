import { acceptAnswer, readRegisters, writeRegister } from '../../../protocol/modbus.ts';
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
import { ANSWERS_LOWER_BY, ASKED_FROM, BLOCK, BOARDS, REGISTER } from './fields.ts';

const asks = ([start, count]: readonly [number, number]): Query['asks'] => {
  return (board) => readRegisters(ASKED_FROM + board, start, count);
};
const CELLS_QUERY: Query = { asks: asks(BLOCK.cells), tries: 3 };
const STATE_QUERY: Query = {
  asks: asks(BLOCK.state),
  name: 'switches, remaining capacity and alarms (block 0x41)',
  optional: {
    toldBy: ({ known }) => known.alarms?.highCellVoltage !== undefined,
    alarms: (alarms) => alarms,
  },
};
/** Asked at the second poll, so that the first is quick; a block that the first polls did not get is not there. */
const ONCE = { first: 1, attempts: 3 } as const;
const SETTINGS_QUERY: Query = {
  asks: asks(BLOCK.settings),
  name: 'trip points (block 0x100)',
  tells: ['capacityDesign', ...LIMIT_KEYS],
  rarely: { ...ONCE, every: 3600 },
};
const VERSION_QUERY: Query = {
  asks: asks(BLOCK.version),
  tells: ['firmwareVersion', 'hardwareVersion', 'serialNumber'],
  rarely: ONCE,
};

const turnFet = (register: number, key: 'chargeEnabled' | 'dischargeEnabled'): Turn =>
  turnOf({
    write: (on, board) => ({ asks: () => writeRegister(ASKED_FROM + board, register, on ? 1 : 0), tries: 2 }),
    shownBy: STATE_QUERY,
    key,
    how: { tries: 2, gapMs: 250 },
  });

/** Daly H, K, M, S and Y series and ESS-DL: Modbus with one address to ask and another to answer. */
export const dalyP81: BmsDriver = planned({
  id: 'daly-p81',
  family: 'daly',
  name: 'Daly (Modbus 81)',
  responder: async () => (await import('./responder.ts')).responder,
  reach: {
    serial: { lines: [{ baudRate: 9600, gapMs: 50 }], addresses: BOARDS, answerMs: 200, rank: 'common' },
    bluetooth: BLUETOOTH,
  },
  sends: {
    reads: [/^[89][0-9a-f]03/],
    switches: { charge: [/^[89][0-9a-f]060121000[01]/], discharge: [/^[89][0-9a-f]060122000[01]/] },
  },
  limits: 'trip',
  timeoutMs: 700,
  queries: [CELLS_QUERY, STATE_QUERY, SETTINGS_QUERY, VERSION_QUERY],
  probe: { tries: 2 },

  accept: (request) => acceptAnswer(request, (request[0] ?? 0) - ANSWERS_LOWER_BY),
  addressOf: (request) => (request[0] === undefined ? undefined : request[0] - ASKED_FROM),
  decode,
  finish: finishDaly,

  prove: async (_talk, { reading }) => assertCellsFit(assertPlausible(assemble(dalyP81, [reading]))),

  switches: {
    charge: turnFet(REGISTER.chargeSwitch, 'chargeEnabled'),
    discharge: turnFet(REGISTER.dischargeSwitch, 'dischargeEnabled'),
  },
});
