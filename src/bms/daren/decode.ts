import type { PackReading } from '../../model/reading.ts';
import { round } from '../../model/round.ts';
import { expectRows } from '../../protocol/ascii-blocks.ts';
import { flagsOf, readNumber } from '../../protocol/bytes.ts';
import { decodeFields, decodeRow, present, presentKeys } from '../../protocol/fields.ts';
import { decodeStatus } from '../../protocol/status.ts';
import { cellVoltagesOf } from '../plausible.ts';
import { rowsOf } from './dialect.ts';
import {
  AFTER_SENSORS,
  BALANCE_AT,
  BOARD,
  HEAD,
  LIMITS,
  PRODUCT,
  SOFTWARE_AT,
  STATUS,
  TEMPERATURE,
} from './fields.ts';

export function decodeAnalog(info: Uint8Array): PackReading {
  const { cells, sensors } = expectRows(rowsOf(info), info);
  const after = info.subarray(sensors.end);
  const count = cells.values.length;
  const [low = 0, high = 0] = BALANCE_AT.map((at) => readNumber(after, at, 'u16be') ?? 0);
  const cellBalancing = flagsOf(low + 0x1_0000 * high, count);
  return {
    ...decodeFields(info, HEAD),
    cellCount: count,
    cellVoltages: cellVoltagesOf(cells.values),
    ...decodeFields(info.subarray(cells.end), BOARD),
    temperatures: present(
      decodeRow(info, sensors.end - 2 * sensors.values.length, sensors.values.length, TEMPERATURE),
    ),
    ...decodeFields(after, AFTER_SENSORS),
    cellBalancing,
    balancing: cellBalancing.includes(true),
    alarms: decodeStatus(after, STATUS),
  };
}

/** Trip points of a cell become those of the pack. */
export function decodeLimits(info: Uint8Array): PackReading {
  const { cellCount, maxChargeVoltage, minDischargeVoltage, ...others } = decodeFields(info, LIMITS);
  const ofPack = (cell?: number): number | undefined =>
    cell === undefined || cellCount === undefined ? undefined : round(cell * cellCount, 3);
  return presentKeys({
    ...others,
    maxChargeVoltage: ofPack(maxChargeVoltage),
    minDischargeVoltage: ofPack(minDischargeVoltage),
  });
}

export function decodeProduct(info: Uint8Array): PackReading {
  const software = info.subarray(SOFTWARE_AT, SOFTWARE_AT + 3);
  return { ...decodeFields(info, PRODUCT), firmwareVersion: software.join('.') };
}

/** Empty, and not only low: the one bit that tells of it does not say which. */
export function finish(merged: PackReading): PackReading {
  const { alarms, soc } = merged;
  return soc === 0 && alarms?.lowSoc === 1 ? { ...merged, alarms: { ...alarms, lowSoc: 2 } } : merged;
}
