import type { PackReading } from '../../../model/reading.ts';
import { bytesOf, writeText } from '../../../protocol/bytes.ts';
import { encodeAlarms, encodeFields, maskOf, putNumber, unscaled } from '../../../protocol/encode.ts';
import type { Answer, Responder } from '../../driver.ts';
import {
  ABOUT,
  ALARMS,
  ALARMS_AT,
  BALANCER_AT,
  CELL,
  CELL_MASK_AT,
  CELLS_AT,
  DATE_AT,
  DATE_LENGTH,
  FULL_BIT,
  SENSORS,
  SETTINGS,
  SETTINGS_AT,
  STATUS,
  SWITCHES,
  type Switch,
} from './fields.ts';
import {
  acceptRequest,
  acknowledgementOf,
  addressOf,
  RECORD_LENGTH,
  type RecordName,
  recordAskedBy,
  sealed,
  switchSetBy,
} from './frame.ts';

/** Where a single pack listens. */
const USUAL_ADDRESS = 1;
/** Cell over-voltage protection of a pack that has none of its own, mV. */
const USUAL_OVERVOLTAGE = 3650;
const SWITCHED: Readonly<Record<Switch, 'chargeEnabled' | 'dischargeEnabled' | 'balancing'>> = {
  charge: 'chargeEnabled',
  discharge: 'dischargeEnabled',
  balancer: 'balancing',
};

/** The packs of one bus; each answers its own address with the record and the acknowledgement. */
export const responder: Responder = {
  accept: acceptRequest,
  reply(request, battery) {
    const address = addressOf(request);
    const pack = battery.modules?.find((module) => module.address === address);
    if (pack !== undefined) return answer(request, pack);
    return battery.modules === undefined && address === USUAL_ADDRESS ? answer(request, battery) : undefined;
  },
};

function answer(request: Uint8Array, pack: PackReading): Answer | undefined {
  const name = recordAskedBy(request);
  if (name !== undefined) {
    const record = new Uint8Array(RECORD_LENGTH);
    RECORDS[name](record, pack);
    return { bytes: bytesOf(sealed(record, name), acknowledgementOf(request)) };
  }
  const set = switchSetBy(request);
  return set && { bytes: acknowledgementOf(request), changes: { [SWITCHED[set.name]]: set.on } };
}

/** A fitted sensor never sends a value that means "not fitted": it is one step off instead. */
function sensorRaw(degrees: number | undefined, sensor: (typeof SENSORS)[number]): number {
  const raw = unscaled(degrees, sensor);
  const mistakable = sensor.absent.some((absent) => absent === raw);
  return degrees !== undefined && mistakable ? raw + 1 : raw;
}

const RECORDS: Readonly<Record<RecordName, (record: Uint8Array, pack: PackReading) => void>> = {
  status(record, pack) {
    const cells = pack.cellVoltages ?? [];
    encodeFields(record, STATUS, pack);
    for (const [index, volts] of cells.entries())
      putNumber(record, CELLS_AT + 2 * index, CELL.type, unscaled(volts, CELL));
    putNumber(record, CELL_MASK_AT, 'u32le', maskOf(cells.map(() => true)));
    for (const [index, sensor] of SENSORS.entries())
      putNumber(record, sensor.at, sensor.type, sensorRaw(pack.temperatures?.[index], sensor));
    const full = pack.alarms?.highCellVoltage === 2 ? 2 ** FULL_BIT : 0;
    putNumber(record, ALARMS_AT, 'u32le', encodeAlarms(pack.alarms ?? {}, ALARMS) + full);
    record[BALANCER_AT] = pack.balancing ? 1 : 0;
  },

  settings(record, pack) {
    const cells = pack.cellVoltages ?? [];
    const highest = Math.max(0, ...cells) * 1000;
    const perCell = (volts: number | undefined): number => ((volts ?? 0) * 1000) / Math.max(1, cells.length);
    const put = (at: number, raw: number): void => putNumber(record, at, 'u32le', raw);
    encodeFields(record, SETTINGS, { ...pack, cellCount: cells.length });
    put(
      SETTINGS_AT.cellOvervoltage,
      pack.alarms?.highCellVoltage === 2 ? highest : Math.max(USUAL_OVERVOLTAGE, highest + 1),
    );
    put(SETTINGS_AT.emptyCell, perCell(pack.minDischargeVoltage));
    put(SETTINGS_AT.requestedCharge, perCell(pack.maxChargeVoltage));
    put(SETTINGS_AT.requestedFloat, perCell(pack.maxChargeVoltage));
    put(SWITCHES.charge.at, pack.chargeEnabled === false ? 0 : 1);
    put(SWITCHES.discharge.at, pack.dischargeEnabled === false ? 0 : 1);
    put(SWITCHES.balancer.at, pack.balancing ? 1 : 0);
  },

  about(record, pack) {
    encodeFields(record, ABOUT, pack);
    record.set(writeText((pack.productionDate ?? '').replaceAll('-', '').slice(2), DATE_LENGTH), DATE_AT);
  },
};
