import { decodeFields } from '../../protocol/fields.ts';
import { ANALOG, type AsciiCommand, asciiDriver } from '../ascii-driver.ts';
import type { BmsDriver } from '../driver.ts';
import { decodeAnalog, decodeLimits, decodeProduct, finish } from './decode.ts';
import { DAREN, DEVICE_CLASS } from './dialect.ts';
import {
  CAPACITIES,
  CAPACITY,
  COMMAND,
  LIMITS_LENGTH,
  PRODUCT_LENGTHS,
  SERIAL,
  SERIAL_NUMBER,
  VERSION,
} from './fields.ts';

export const ANALOG_COMMAND: AsciiCommand = {
  code: ANALOG,
  decode: decodeAnalog,
  ask: { tries: 2 },
};
/** At the second poll, so that the first is quick, and then about hourly at one poll a second. */
export const LIMITS_COMMAND: AsciiCommand = {
  code: COMMAND.parameters,
  length: LIMITS_LENGTH,
  decode: decodeLimits,
  ask: {
    name: 'trip points (47)',
    tells: ['maxChargeVoltage', 'minDischargeVoltage', 'maxChargeCurrent'],
    rarely: { first: 1, every: 3600, retry: 60 },
    confirmed: 'reading',
  },
};
export const PRODUCT_COMMAND: AsciiCommand = {
  code: COMMAND.product,
  info: () => [],
  objection: ({ info }) =>
    PRODUCT_LENGTHS.includes(info.length) ? undefined : `${info.length} bytes are no names`,
  decode: decodeProduct,
  ask: { tells: ['hardwareVersion', 'model', 'firmwareVersion'], rarely: { first: 0, attempts: 3 } },
};
/** Two parts are asked for by one command; each reply names its own. `serialEnd` ends the question for the serial number. */
export const moduleCommands = (serialEnd: number, cid1?: number): readonly AsciiCommand[] => {
  const part = (wanted: number, end: number, length: number): Omit<AsciiCommand, 'decode'> => ({
    ...(cid1 !== undefined && { cid1 }),
    code: COMMAND.module,
    info: (pack) => [pack, 1, wanted, 0xff, end],
    length,
    objection: ({ info }) =>
      info[0] === COMMAND.module && info[3] === wanted ? undefined : 'another part of the module',
  });
  return [
    {
      ...part(SERIAL.part, serialEnd, SERIAL.length),
      decode: (info) => decodeFields(info, SERIAL_NUMBER),
      ask: { tells: ['serialNumber'], rarely: { first: 0, attempts: 3 } },
    },
    {
      ...part(CAPACITY.part, 0, CAPACITY.length),
      decode: (info) => decodeFields(info, CAPACITIES),
      ask: { tells: ['capacityDesign'], rarely: { first: 1, attempts: 3 } },
    },
  ];
};

export const daren: BmsDriver = asciiDriver({
  id: 'daren',
  family: 'daren',
  name: 'Daren 485 (DR-JC03, Basen, SacredSun)',
  responder: async () => (await import('./responder.ts')).responder,
  reach: {
    serial: {
      lines: [
        { baudRate: 9600, gapMs: 50 },
        { baudRate: 19_200, gapMs: 50 },
      ],
      addresses: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0],
      answerMs: 50,
    },
  },
  limits: 'trip',
  // Some boards were seen to need more than the 500 ms of the document.
  timeoutMs: 1000,
  probe: { tries: 1, timeoutMs: 400 },
  dialect: DAREN,
  version: VERSION,
  requestClass: DEVICE_CLASS,
  commands: [ANALOG_COMMAND, LIMITS_COMMAND, PRODUCT_COMMAND, ...moduleCommands(0)],
  finish,
});
