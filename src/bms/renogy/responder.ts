import type { Field } from '../../protocol/fields.ts';
import { places, type RegisterMap, reg } from '../../protocol/register-map.ts';
import type { Responder } from '../driver.ts';
import { registerResponder } from '../register-responder.ts';
import { ADDRESSES, BLOCK, CAPACITY, CELL, FETS, MAP, PAIRS, STATUS, SURROUNDINGS } from './fields.ts';

const [USUAL] = ADDRESSES;
const [CELL_ALARMS] = PAIRS;
const BOARD_ALARM = PAIRS[PAIRS.length - 1] ?? CELL_ALARMS;
/** What a pair says. */
const HIGH = 2;
const OTHER = 3;
const WORD = { type: 'flag', at: STATUS.at, of: STATUS.type } as const;
const FIELDS: readonly Field[] = [
  { key: 'chargeEnabled', ...WORD, bit: FETS.charge },
  { key: 'dischargeEnabled', ...WORD, bit: FETS.discharge },
  { key: 'ambientTemperature', ...SURROUNDINGS },
];
const TOLD: RegisterMap = {
  ...MAP,
  fields: [...(MAP.fields ?? []), ...FIELDS],
  cells: places(reg(BLOCK.cells.start + 1), 16, CELL),
};

/** Packs on one line. A model name of Renogy begins with R, so that of any other battery gets one. */
export const responder: Responder = registerResponder({
  maps: { 3: TOLD },
  blocks: Object.values(BLOCK),
  addresses: ADDRESSES,
  usual: USUAL,
  also: (put, { alarms, ambientTemperature, capacityFull = 0, model = '', soc = 0 }) => {
    put(CAPACITY.left, 10 * capacityFull * soc);
    if (!model.startsWith('R')) put({ at: reg(5122), type: 'u8' }, 'R'.charCodeAt(0));
    if (alarms?.internalFailure) put(CELL_ALARMS, OTHER);
    if (alarms?.highInternalTemperature) put(BOARD_ALARM, HIGH * 4 ** BOARD_ALARM.first);
    put(SURROUNDINGS.count, ambientTemperature === undefined ? 0 : 1);
  },
});
