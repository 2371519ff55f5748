import { type AsciiCommand, asciiDriver } from '../../ascii-driver.ts';
import type { BmsDriver } from '../../driver.ts';
import { finish } from '../decode.ts';
import { DAREN, DEVICE_CLASS } from '../dialect.ts';
import { VERSION } from '../fields.ts';
import { ANALOG_COMMAND, LIMITS_COMMAND, moduleCommands, PRODUCT_COMMAND } from '../index.ts';

/** `>` in the place of `~`. */
export const START = 0x3e;
/** Class of the requests; that of the module and of all replies is the one of Daren. */
export const REQUEST_CLASS = 0x42;

/** The values take up to three seconds, everything else comes soon. */
const SLOW_MS = 3000;
const ANALOG: AsciiCommand = {
  ...ANALOG_COMMAND,
  info: () => [],
  ask: { ...ANALOG_COMMAND.ask, timeoutMs: SLOW_MS },
};
/** The end of the question for the serial number. */
const SERIAL_END = 0x56;

export const ks48100: BmsDriver = asciiDriver({
  id: 'ks48100',
  family: 'daren',
  name: 'KS48100 (SNS01, Bemory, CERRNSS, VoltPolska)',
  responder: async () => (await import('./responder.ts')).responder,
  reach: {
    serial: {
      lines: [{ baudRate: 9600, gapMs: 30 }],
      addresses: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
      answerMs: 100,
      rank: 'last',
    },
  },
  limits: 'trip',
  timeoutMs: 1000,
  probe: { tries: 1, timeoutMs: SLOW_MS },
  knocks: { command: PRODUCT_COMMAND, timeoutMs: 500 },
  dialect: DAREN,
  start: START,
  version: VERSION,
  requestClass: REQUEST_CLASS,
  cid1: DEVICE_CLASS,
  commands: [ANALOG, LIMITS_COMMAND, PRODUCT_COMMAND, ...moduleCommands(SERIAL_END, DEVICE_CLASS)],
  finish,
});
