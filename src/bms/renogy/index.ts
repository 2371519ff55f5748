import { ImplausibleError } from '../../errors.ts';
import { type Alarms, mergeAlarms } from '../../model/alarms.ts';
import type { PackReading } from '../../model/reading.ts';
import { round } from '../../model/round.ts';
import { flagsOf } from '../../protocol/bytes.ts';
import { decodeRow, present, presentKeys, scaled } from '../../protocol/fields.ts';
import type { NumberAt } from '../../protocol/register-map.ts';
import { blockOf } from '../../protocol/registers.ts';
import {
  ALL_ALARMS,
  assemble,
  assertCarries,
  assertPlausible,
  assertSum,
  type BmsDriver,
  planned,
  type Query,
} from '../driver.ts';
import { asksFor, asksForOneOf, readsMaps } from '../register-plan.ts';
import {
  ADDRESSES,
  BLOCK,
  CAPACITY,
  CELL,
  CELLS_AT,
  COARSE_CURRENT,
  FETS,
  MAP,
  PAIRS,
  SECOND_USUAL,
  STATUS,
  SURROUNDINGS,
} from './fields.ts';

const PROBE = { tries: 1, timeoutMs: 400 } as const;

const CELLS_QUERY: Query = { asks: asksFor(BLOCK.cells), tries: 2 };
const VALUES_QUERY: Query = { asks: asksFor(BLOCK.values), tries: 2 };
const STATES_QUERY: Query = {
  asks: asksFor(BLOCK.states),
  name: 'alarms and switches (registers 5100 to 5109)',
  optional: ALL_ALARMS,
};
const BOARD_QUERY: Query = {
  asks: asksFor(BLOCK.board),
  name: 'temperature of the board (registers 5035 to 5041)',
  tells: ['mosfetTemperature', 'ambientTemperature'],
  optional: { minor: true, every: 5 },
};
/** Asked until it is told, because the model tells what one step of the current is. */
const IDENTITY_QUERY: Query = {
  asks: asksForOneOf([BLOCK.identity, BLOCK.model]),
  tells: ['model', 'firmwareVersion', 'serialNumber'],
  rarely: { first: 0, attempts: Number.POSITIVE_INFINITY, until: ['model'] },
};

export const renogy: BmsDriver = planned({
  id: 'renogy',
  family: 'renogy',
  name: 'Renogy smart lithium',
  responder: async () => (await import('./responder.ts')).responder,
  reach: {
    serial: {
      lines: [{ baudRate: 9600, gapMs: 50 }],
      addresses: ADDRESSES,
      secondUsual: SECOND_USUAL,
      answerMs: 50,
    },
  },
  sends: { reads: [/^..03/] },
  cells: { min: 4, max: 16 },
  chemistry: 'lfp',
  limits: 'operating',
  timeoutMs: 400,
  queries: [CELLS_QUERY, VALUES_QUERY, STATES_QUERY, IDENTITY_QUERY, BOARD_QUERY],
  probe: PROBE,
  ...readsMaps({ 3: { ...MAP, also } }),

  /** A current of which the step is not known is no current. */
  finish(merged) {
    const { current, model, ...others } = merged;
    if (current === undefined) return merged;
    if (model === undefined) return others;
    return COARSE_CURRENT.test(model) ? { ...merged, current: round(10 * current, 1) } : merged;
  },

  async prove(talk, { reading, reply }) {
    const { reading: values } = await talk.ask(VALUES_QUERY, PROBE);
    const { reading: identity } = await talk.ask(IDENTITY_QUERY, PROBE);
    const { cellCount = 0, model, ...pack } = assertPlausible(assemble(renogy, [reading, values, identity]));
    if (!model?.startsWith('R')) throw new ImplausibleError(`model ${model}; those of Renogy begin with R`);
    assertSum(
      present(decodeRow(blockOf(reply), CELLS_AT, cellCount, CELL)),
      pack.voltage ?? 0,
      CELL.scale / 2,
    );
    return assertCarries({ ...pack, cellCount, model }, ['voltage', 'current', 'soc']);
  },
});

function also(number: NumberAt): PackReading {
  const [left, full, status, sensors] = [CAPACITY.left, CAPACITY.full, STATUS, SURROUNDINGS.count].map(
    number,
  );
  const degrees = number(SURROUNDINGS);
  const soc = left === undefined || !full ? undefined : Math.min(100, round((100 * left) / full, 1));
  const ambientTemperature = !sensors || degrees === undefined ? undefined : scaled(degrees, SURROUNDINGS);
  return {
    ...presentKeys({ soc, ambientTemperature }),
    // A model that never fills this word has its FETs closed all the same.
    ...(status && fetsOf(flagsOf(status, 16))),
    ...pairsOf(number),
  };
}

function fetsOf(bits: readonly boolean[]): PackReading {
  return { chargeEnabled: bits[FETS.charge] === true, dischargeEnabled: bits[FETS.discharge] === true };
}

/** Each pair says that something is too low, too high, or wrong in another way. */
function pairsOf(number: NumberAt): PackReading {
  const told = PAIRS.flatMap(({ first, count, low, high, ...word }) => {
    const bits = number(word);
    if (bits === undefined) return [];
    const codes = Array.from({ length: count }, (_, index) => Math.floor(bits / 4 ** (first + index)) % 4);
    const level = (code: number): 0 | 2 => (codes.includes(code) ? 2 : 0);
    const alarms: readonly Alarms[] = [
      { [low]: level(1) },
      { [high]: level(2) },
      { internalFailure: level(3) },
    ];
    return alarms;
  });
  return told.length === 0 ? {} : { alarms: told.reduce(mergeAlarms) };
}
