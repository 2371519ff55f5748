import { unscaled } from '../../protocol/encode.ts';
import type { Responder } from '../driver.ts';
import { registerResponder } from '../register-responder.ts';
import {
  ADDRESSES,
  BLOCK,
  BOARD,
  BOARD_OFFSET,
  CELL_LIMITS,
  CELLS_START,
  CHEMISTRY,
  DATE,
  HARDWARE,
  MAP,
  MOST_CELLS,
  SERIAL,
  STATES,
} from './fields.ts';

const kinds: readonly string[] = CHEMISTRY.kinds;

/** Boards on one line, each at its own address. */
export const responder: Responder = registerResponder({
  maps: { 3: MAP },
  blocks: [...Object.values(BLOCK), ...STATES, { start: CELLS_START, count: MOST_CELLS }],
  addresses: ADDRESSES,
  usual: 1,
  also: (put, pack) => {
    const { cellVoltages = [], chemistry = 'lfp', maxChargeVoltage, minDischargeVoltage } = pack;
    const { hardwareVersion, mosfetTemperature, productionDate = '', serialNumber = '' } = pack;
    const perCell = (volts: number | undefined): number => (volts ?? 0) / Math.max(1, cellVoltages.length);
    const [year, month, day] = productionDate.split('-').map(Number);
    put(CHEMISTRY, Math.max(0, kinds.indexOf(chemistry)));
    for (const place of BOARD) put(place, (mosfetTemperature ?? 0) - BOARD_OFFSET);
    for (const [index, place] of DATE.entries()) put(place, [year, day, month][index] ?? 0);
    for (const [index, place] of SERIAL.entries()) put(place, serialNumber.charCodeAt(index) || 0);
    put(HARDWARE, Math.trunc(Number(hardwareVersion)) || 0);
    put(CELL_LIMITS.high, unscaled(perCell(maxChargeVoltage), CELL_LIMITS.high));
    put(CELL_LIMITS.low, unscaled(perCell(minDischargeVoltage), CELL_LIMITS.low));
  },
});
