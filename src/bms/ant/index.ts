import { FrameError, RefusedError } from '../../errors.ts';
import type { PackReading } from '../../model/reading.ts';
import { flagsOf, readNumber } from '../../protocol/bytes.ts';
import { decodeFields, decodeRow, present } from '../../protocol/fields.ts';
import {
  assemble,
  assertPlausible,
  type BmsDriver,
  ifTold,
  LIMIT_KEYS,
  planned,
  type Query,
  type Turn,
  turnOf,
} from '../driver.ts';
import { BLUETOOTH } from './bluetooth.ts';
import { FET_ON, fetAlarms } from './fet.ts';
import {
  AFTER_ROWS,
  BALANCE_MASK_AT,
  CHARGE_FET_AT,
  COMMAND,
  DEVICE,
  DISCHARGE_FET_AT,
  SETTINGS,
  STATUS,
} from './fields.ts';
import {
  acceptReply,
  addressOf,
  command,
  DEVICE_REQUEST,
  dataOf,
  FUNCTION,
  functionOf,
  REPLY,
  readSettings,
  STATUS_REQUEST,
} from './frame.ts';

const DEVICE_ADDRESS = addressOf(DEVICE_REQUEST);
const DEVICE_KEYS = ['model', 'firmwareVersion'] as const;
const STATUS_QUERY: Query = { asks: () => STATUS_REQUEST, tries: 3 };
/** Facts that hardly change are asked about hourly, and every minute while some of them are still missing. */
const fact = (request: Uint8Array, tells: Query['tells'] = []): Query => ({
  asks: () => request,
  tells,
  rarely: { first: 0, every: 3600, retry: 60, until: [...DEVICE_KEYS, ...LIMIT_KEYS] },
  partly: true,
});
const DEVICE_QUERY = fact(DEVICE_REQUEST, DEVICE_KEYS);
/** The block of voltages is proven by a capture; the two currents are read one by one, as documented. */
const SETTINGS_QUERIES: readonly Query[] = [
  fact(readSettings(0x00, 56), LIMIT_KEYS),
  fact(readSettings(0x68, 2), LIMIT_KEYS),
  { ...fact(readSettings(0x6c, 2), LIMIT_KEYS), name: 'trip points (02)' },
];
/** A FET goes through "off" or "waiting" for one to five seconds before it shows its new state. */
const CONFIRM = { tries: 3, gapMs: 500 } as const;
const CONFIRM_READS = 12;

function decodeStatus(frame: Uint8Array): PackReading {
  const probes = frame[STATUS.probes] ?? 0;
  const cells = frame[STATUS.cells] ?? 0;
  const after = frame.subarray(STATUS.rows + 2 * (cells + probes));
  const charge = readNumber(after, CHARGE_FET_AT, 'u8') ?? 0;
  const discharge = readNumber(after, DISCHARGE_FET_AT, 'u8') ?? 0;
  const mask = readNumber(after, BALANCE_MASK_AT, 'u32le') ?? 0;
  return {
    ...decodeFields(after, AFTER_ROWS),
    cellCount: cells,
    cellVoltages: present(decodeRow(frame, STATUS.rows, cells, { type: 'u16le', scale: 0.001 })),
    temperatures: present(
      decodeRow(frame, STATUS.rows + 2 * cells, probes, { type: 's16le', absent: [-40] }),
    ),
    cellBalancing: flagsOf(mask, cells),
    balancing: mask !== 0,
    chargeEnabled: charge === FET_ON,
    dischargeEnabled: discharge === FET_ON,
    alarms: fetAlarms(charge, discharge),
  };
}

/** Settings of the addresses that this reply covers. */
function decodeSettings(address: number, data: Uint8Array): PackReading {
  const covered = SETTINGS.filter(({ at }) => at >= address && at + 2 <= address + data.length);
  return decodeFields(
    data,
    covered.map((field) => ({ ...field, at: field.at - address })),
  );
}

/** Commands the switch and waits until the status shows it. */
function turn(
  key: 'chargeEnabled' | 'dischargeEnabled' | 'balancing',
  states: { on: number; off: number },
): Turn {
  return turnOf({
    write: (on) => ({ asks: () => command(on ? states.on : states.off) }),
    shownBy: STATUS_QUERY,
    key,
    how: CONFIRM,
    reads: CONFIRM_READS,
    why: (on) => `the command was acknowledged, but ${key} did not become ${on}`,
  });
}

export const ant: BmsDriver = planned({
  id: 'ant',
  family: 'ant',
  name: 'ANT (2021 and later)',
  responder: async () => (await import('./responder.ts')).responder,
  reach: {
    serial: {
      lines: [
        { baudRate: 19200, gapMs: 50 },
        { baudRate: 9600, gapMs: 50 },
      ],
      addresses: [0],
      answerMs: 50,
      rank: 'last',
    },
    bluetooth: BLUETOOTH,
  },
  sends: {
    reads: [/^7ea10[12]/],
    switches: {
      charge: [/^7ea1510[64]00/],
      discharge: [/^7ea1510[31]00/],
      balancer: [/^7ea1510[de]00/],
    },
  },
  limits: 'trip',
  timeoutMs: 500,
  queries: [STATUS_QUERY, DEVICE_QUERY, ...SETTINGS_QUERIES],
  probe: { tries: 1 },

  accept: acceptReply,

  decode(request, reply) {
    const data = dataOf(reply);
    switch (functionOf(reply)) {
      case FUNCTION.status + REPLY:
        return decodeStatus(reply);
      case FUNCTION.read + REPLY:
        return addressOf(request) === DEVICE_ADDRESS
          ? decodeFields(data, DEVICE)
          : decodeSettings(addressOf(request), data);
      case FUNCTION.command + REPLY:
        // 01 00 = done; any other result is a refusal.
        if (readNumber(data, 0, 'u16le') === 1) return {};
        throw new RefusedError(`command ${addressOf(request)} answered with result ${data.join(' ')}`);
      default:
        throw new FrameError('command', `nothing is known of function ${functionOf(reply)}`, reply);
    }
  },

  async prove(talk, { reading }) {
    const status = assertPlausible(reading);
    return assemble(ant, [status, (await ifTold(talk.ask(DEVICE_QUERY)))?.reading ?? {}]);
  },

  switches: {
    charge: turn('chargeEnabled', COMMAND.charge),
    discharge: turn('dischargeEnabled', COMMAND.discharge),
    balancer: turn('balancing', COMMAND.balancer),
  },
});
