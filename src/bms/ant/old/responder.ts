import { encodeFields, maskOf, putNumber, unscaled } from '../../../protocol/encode.ts';
import type { Responder } from '../../driver.ts';
import { CHARGE_FET_ALARMS, DISCHARGE_FET_ALARMS, fetCode } from '../fet.ts';
import {
  BALANCE_MASK_AT,
  BALANCER_AT,
  CELL_COUNT_AT,
  CELLS,
  CHARGE_FET_AT,
  DISCHARGE_FET_AT,
  EXTREMES,
  PROBES,
  STATUS,
} from './fields.ts';
import { acceptRequest, LENGTH, sealed } from './frame.ts';

const BALANCER_AUTOMATIC = 4;

/** The ANT side of the 140-byte protocol. Any read is answered with the status. */
export const responder: Responder = {
  accept: acceptRequest,
  reply(_request, battery) {
    const image = new Uint8Array(LENGTH);
    const cells = (battery.cellVoltages ?? []).map((volts) => unscaled(volts, CELLS));
    encodeFields(image, STATUS, battery);
    image[CELL_COUNT_AT] = cells.length;
    for (const [index, raw] of cells.entries()) putNumber(image, CELLS.at + 2 * index, CELLS.type, raw);
    for (let index = 0; index < PROBES.count; index += 1) {
      const raw = unscaled(battery.temperatures?.[index], PROBES);
      putNumber(image, PROBES.at + 2 * index, PROBES.type, raw);
    }
    image[CHARGE_FET_AT] = fetCode(battery.chargeEnabled, battery.alarms, CHARGE_FET_ALARMS);
    image[DISCHARGE_FET_AT] = fetCode(battery.dischargeEnabled, battery.alarms, DISCHARGE_FET_ALARMS);
    image[BALANCER_AT] = battery.balancing ? BALANCER_AUTOMATIC : 0;
    for (const { cellAt, at, of } of EXTREMES) {
      const extreme = of(...cells);
      image[cellAt] = cells.indexOf(extreme) + 1;
      putNumber(image, at, 'u16be', extreme);
    }
    putNumber(image, BALANCE_MASK_AT, 'u32be', battery.balancing ? maskOf(battery.cellBalancing ?? []) : 0);
    return { bytes: sealed(image) };
  },
};
