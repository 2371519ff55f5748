import { RefusedError } from '../../errors.ts';
import type { PackReading } from '../../model/reading.ts';
import { flagsOf, readText } from '../../protocol/bytes.ts';
import { decodeFields, decodeRow, present } from '../../protocol/fields.ts';
import { assertBelievable, decodeFaults, finishDaly } from './faults.ts';
import {
  BALANCE_BITS,
  CELL,
  CELLS_PER_FRAME,
  CODE_PER_FRAME,
  COMMAND,
  FIELDS,
  SENSORS_PER_FRAME,
  TEMPERATURE,
} from './fields.ts';
import { dataOf, numberedData } from './frame.ts';

/** What one answer carries; places beyond the counts of 0x94 may hold stale values of earlier answers. */
export function decode(asked: Uint8Array, reply: Uint8Array): PackReading {
  const command = asked[2] ?? 0;
  const data = dataOf(reply);
  switch (command) {
    case COMMAND.cells: {
      const cells = numberedData(reply, 2 * CELLS_PER_FRAME);
      return { cellVoltages: present(decodeRow(cells, 0, cells.length >>> 1, CELL)) };
    }
    case COMMAND.temperatures:
      return decodeTemperatures(reply);
    case COMMAND.batteryCode: {
      const serialNumber = readText(numberedData(reply, CODE_PER_FRAME));
      return serialNumber === undefined ? {} : { serialNumber };
    }
    case COMMAND.balancing: {
      const cellBalancing = [...data.subarray(0, BALANCE_BITS / 8)].flatMap((byte) => flagsOf(byte, 8));
      return { cellBalancing, balancing: cellBalancing.includes(true) };
    }
    case COMMAND.faults:
      return { alarms: decodeFaults(data) };
    case COMMAND.chargeFet:
    case COMMAND.dischargeFet:
      if (data[0] !== dataOf(asked)[0])
        throw new RefusedError('the board answered with the other switch state');
      return {};
    default:
      return assertBelievable(decodeFields(data, FIELDS[command] ?? []));
  }
}

/** The first `count` sensors; in a log that does not tell the count, those before the first empty place. */
export function decodeTemperatures(reply: Uint8Array, count?: number): PackReading {
  const data = numberedData(reply, SENSORS_PER_FRAME);
  const places = decodeRow(data, 0, data.length, TEMPERATURE);
  const gap = places.indexOf(undefined);
  return { temperatures: present(places.slice(0, count ?? (gap < 0 ? places.length : gap))) };
}

/** Clamps to the counts. A log without 0x94 has its cells cut where the last frame only repeats the one before it. */
export function finish(merged: PackReading): PackReading {
  const { cellVoltages } = merged;
  const agreed = withAgreedCapacity(merged);
  if (merged.cellCount !== undefined || cellVoltages === undefined) return finishDaly(agreed);
  return finishDaly({ ...agreed, cellVoltages: withoutStale(cellVoltages) });
}

/** Below this the remaining capacity is too small to judge the whole by, %. */
const JUDGED_FROM = 20;
/** Remaining capacity by that which the state of charge makes of the design: a worn pack has less, none has much more. */
const SHARE = { min: 0.5, max: 1.1 } as const;

/** No capture shows the design capacity of 0x50: it counts unless remaining capacity and state of charge contradict it. */
function withAgreedCapacity({ capacityDesign, ...rest }: PackReading): PackReading {
  const { capacityRemaining, soc = 0 } = rest;
  if (capacityDesign === undefined) return rest;
  const share = ((capacityRemaining ?? Number.NaN) * 100) / (capacityDesign * soc);
  const contradicted = soc >= JUDGED_FROM && (share < SHARE.min || share > SHARE.max);
  return contradicted ? rest : { capacityDesign, ...rest };
}

function withoutStale(cells: readonly number[]): readonly number[] {
  const real = cells.slice(0, cells.findLastIndex((cell) => cell > 0) + 1);
  const firstOfLast = CELLS_PER_FRAME * Math.floor((real.length - 1) / CELLS_PER_FRAME);
  let length = real.length;
  while (
    length - 1 > Math.max(firstOfLast, CELLS_PER_FRAME) &&
    real[length - 1] === real[length - 1 - CELLS_PER_FRAME]
  ) {
    length -= 1;
  }
  return real.slice(0, length);
}
