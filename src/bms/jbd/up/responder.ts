import type { PackReading } from '../../../model/reading.ts';
import { readNumber } from '../../../protocol/bytes.ts';
import { encodeAlarms, encodeFields, maskOf, putNumber, unscaled } from '../../../protocol/encode.ts';
import type { Scaling } from '../../../protocol/fields.ts';
import type { Responder } from '../../driver.ts';
import {
  BLOCK,
  CELL,
  CELLS_AT,
  DATE_AT,
  FAULTS,
  FAULTS_AT,
  IDENTITY,
  IDENTITY_LENGTH,
  STATUS,
  TAIL,
  TAIL_AT,
  TAIL_LENGTH,
  TEMPERATURE,
  TRAILING,
  WARNINGS,
  WARNINGS_AT,
} from './fields.ts';
import { acceptRequest, replyTo } from './frame.ts';

const MASTER = 1;

/** A stack on one RS485 line: pack 1 has the cable and answers everything, the others answer the status block only. */
export const responder: Responder = {
  accept: acceptRequest,
  reply(request, battery) {
    const address = request[0] ?? 0;
    const pack =
      battery.modules?.find((module) => module.address === address) ??
      (address === MASTER ? battery : undefined);
    if (pack === undefined) return undefined;
    const block = readNumber(request, 2, 'u16be');
    if (block === BLOCK.status[0]) return { bytes: replyTo(request, status(pack, address)) };
    if (block === BLOCK.identity[0] && address === MASTER) return { bytes: replyTo(request, identity(pack)) };
    return undefined;
  },
};

function status(pack: PackReading, address: number): Uint8Array {
  const cells = pack.cellVoltages ?? [];
  const sensors = pack.temperatures ?? [];
  const sensorsAt = CELLS_AT + 2 + 2 * cells.length;
  const tailAt = sensorsAt + 2 + 2 * sensors.length;
  const trailing = address === MASTER ? TRAILING.master : TRAILING.slave;
  const data = new Uint8Array(tailAt + TAIL_LENGTH + trailing);
  encodeFields(data, STATUS, pack);
  putRow(data, CELLS_AT, cells, CELL);
  putRow(data, sensorsAt, sensors, TEMPERATURE);
  putNumber(data, FAULTS_AT, 'u32be', encodeAlarms(pack.alarms ?? {}, FAULTS));
  putNumber(data, WARNINGS_AT, 'u32be', encodeAlarms(pack.alarms ?? {}, WARNINGS));
  const tail = data.subarray(tailAt);
  encodeFields(tail, TAIL, pack);
  putNumber(tail, TAIL_AT.balance, 'u16be', maskOf((pack.cellBalancing ?? []).slice(0, 16)));
  const [major = 0, minor = 0] = (pack.firmwareVersion ?? '')
    .split('.')
    .map((part) => Number.parseInt(part, 10) || 0);
  putNumber(tail, TAIL_AT.firmware, 'u16be', ((major & 0xff) << 8) | (minor & 0xff));
  return data;
}

function identity(pack: PackReading): Uint8Array {
  const data = new Uint8Array(IDENTITY_LENGTH);
  encodeFields(data, IDENTITY, pack);
  (pack.productionDate ?? '').split('-').forEach((part, index) => {
    if (index < 3) putNumber(data, DATE_AT + 2 * index, 'u16be', Number.parseInt(part, 10) || 0);
  });
  return data;
}

/** The count, then the values. */
function putRow(data: Uint8Array, at: number, values: readonly number[], scaling: Scaling): void {
  putNumber(data, at, 'u16be', values.length);
  values.forEach((value, index) => {
    putNumber(data, at + 2 + 2 * index, 'u16be', unscaled(value, scaling));
  });
}
