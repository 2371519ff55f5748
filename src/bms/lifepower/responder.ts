import type { PackReading } from '../../model/reading.ts';
import { bytesOf, writeNumber, writeText } from '../../protocol/bytes.ts';
import { encodeFields, unscaled } from '../../protocol/encode.ts';
import { packAt } from '../../protocol/packs.ts';
import { encodeStatus } from '../../protocol/status.ts';
import type { Responder } from '../driver.ts';
import {
  CELL,
  COMMAND,
  GROUP,
  KIND,
  OVER_CURRENT,
  STATUS,
  STATUS_LENGTH,
  TEMPERATURE,
  VALUES,
} from './fields.ts';
import { acceptWhole, frameOf } from './frame.ts';
import { START } from './index.ts';

const USUAL_ADDRESS = 1;
const LAST_ADDRESS = 15;

/** Units in parallel behind one start byte; each answers to its address. */
export function responderOf(start: number): Responder {
  return {
    accept: (received) => {
      const [first, address = 0] = received;
      // On a line that it shares with text behind the same byte, a unit listens to addresses only.
      return first === start && address > LAST_ADDRESS
        ? { refused: 'address' }
        : acceptWhole(start)(received);
    },
    reply(request, battery) {
      const [, address = 0, command = 0, size = 0] = request;
      const pack = size === 0 ? packAt(battery, address, USUAL_ADDRESS) : undefined;
      const data = pack && dataOf(command, pack);
      return data && { bytes: frameOf(start, address, command, data) };
    },
  };
}

export const responder = responderOf(START);

function dataOf(command: number, pack: PackReading): Uint8Array | undefined {
  if (command === COMMAND.values) return values(pack);
  if (command === COMMAND.version) return writeText(pack.firmwareVersion ?? '');
  return command === COMMAND.barcode ? writeText(pack.serialNumber ?? '') : undefined;
}

function values(pack: PackReading): Uint8Array {
  const word = (value: number): Uint8Array => writeNumber(value, 'u16be');
  const degrees = (kind: number, value?: number): Uint8Array => bytesOf(kind, unscaled(value, TEMPERATURE));
  const temperatures = [
    ...(pack.temperatures ?? []).map((value) => degrees(KIND.cell, value)),
    degrees(KIND.mosfet[0], pack.mosfetTemperature),
    degrees(KIND.ambient, pack.ambientTemperature),
  ];
  const cells = (pack.cellVoltages ?? []).map((volts) => word(unscaled(volts, CELL)));
  const single = [...VALUES].map(([id, field]) => {
    const data = new Uint8Array(2);
    encodeFields(data, [field], pack);
    return bytesOf(id, 1, data);
  });
  return bytesOf(
    bytesOf(GROUP.cells, cells.length, ...cells),
    bytesOf(GROUP.temperatures, temperatures.length, ...temperatures),
    bytesOf(GROUP.status, STATUS_LENGTH / 2, status(pack)),
    ...single,
  );
}

function status({ alarms = {} }: PackReading): Uint8Array {
  const bytes = new Uint8Array(STATUS_LENGTH);
  encodeStatus(bytes, STATUS, alarms);
  if (alarms.highChargeCurrent === 2 || alarms.highDischargeCurrent === 2)
    bytes[OVER_CURRENT.at] = (bytes[OVER_CURRENT.at] ?? 0) | (1 << OVER_CURRENT.bit);
  return bytes;
}
