import { FrameError, RefusedError } from '../../errors.ts';
import type { Reading } from '../../model/reading.ts';
import { flagsOf, readNumber } from '../../protocol/bytes.ts';
import { decodeFields, decodeRow, present } from '../../protocol/fields.ts';
import type { AskOptions, Exchange } from '../../transport/exchange.ts';
import {
  assemble,
  assertPlausible,
  type BmsDriver,
  confirm,
  ifTold,
  inquire,
  LIMIT_KEYS,
  type PollContext,
  pick,
} from '../driver.ts';
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

/** The block of voltages is proven by a capture; the two currents are read one by one, as documented. */
const SETTINGS_REQUESTS = [readSettings(0x00, 56), readSettings(0x68, 2), readSettings(0x6c, 2)];
const DEVICE_ADDRESS = addressOf(DEVICE_REQUEST);
const TIMEOUT_MS = 500;
const POLL = { tries: 3 } as const;
/** Polls between two looks at facts that hardly change, and while some of them are still missing. */
const SLOW_CYCLE = 3600;
const MISSING_CYCLE = 60;
const SLOW_KEYS = ['model', 'firmwareVersion', ...LIMIT_KEYS] as const;
/** A FET goes through "off" or "waiting" for one to five seconds before it shows its new state. */
const CONFIRM_TRIES = 12;
const CONFIRM: AskOptions = { tries: 3, gapMs: 500 };

function decodeStatus(frame: Uint8Array): Reading {
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
function decodeSettings(address: number, data: Uint8Array): Reading {
  const covered = SETTINGS.filter(({ at }) => at >= address && at + 2 <= address + data.length);
  return decodeFields(
    data,
    covered.map((field) => ({ ...field, at: field.at - address })),
  );
}

async function slowFacts(link: Exchange, { cycle, known, say }: PollContext): Promise<Reading> {
  const missing = SLOW_KEYS.some((key) => known[key] === undefined);
  if (cycle % (missing ? MISSING_CYCLE : SLOW_CYCLE) !== 0) return pick(known, SLOW_KEYS);
  const parts = [pick(known, SLOW_KEYS)];
  for (const request of [DEVICE_REQUEST, ...SETTINGS_REQUESTS])
    parts.push((await ifTold(inquire(ant, link, request, TIMEOUT_MS))) ?? {});
  const facts = assemble(ant, parts);
  if (cycle === 0 && LIMIT_KEYS.every((key) => facts[key] === undefined))
    say?.('does not tell its trip points (02)');
  return facts;
}

/** Commands the switch and waits until the status shows it. */
function turn(key: 'chargeEnabled' | 'dischargeEnabled' | 'balancing', states: { on: number; off: number }) {
  return async (link: Exchange, _address: number, on: boolean): Promise<void> => {
    await inquire(ant, link, command(on ? states.on : states.off), TIMEOUT_MS);
    await confirm(
      CONFIRM_TRIES,
      `the command was acknowledged, but ${key} did not become ${on}`,
      async () => {
        const status = await inquire(ant, link, STATUS_REQUEST, TIMEOUT_MS, CONFIRM);
        return status[key] === on;
      },
    );
  };
}

export const ant: BmsDriver = {
  id: 'ant',
  family: 'ant',
  name: 'ANT (2021 and later)',
  lines: [
    { baudRate: 19200, gapMs: 50 },
    { baudRate: 9600, gapMs: 50 },
  ],
  addresses: [0],
  limits: 'trip',
  answerMs: 50,

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

  async probe(link) {
    const status = assertPlausible(await inquire(ant, link, STATUS_REQUEST, TIMEOUT_MS));
    return assemble(ant, [status, (await ifTold(inquire(ant, link, DEVICE_REQUEST, TIMEOUT_MS))) ?? {}]);
  },

  async poll(link, _address, context) {
    const status = await inquire(ant, link, STATUS_REQUEST, TIMEOUT_MS, POLL);
    return assemble(ant, [await slowFacts(link, context), status]);
  },

  switches: {
    charge: turn('chargeEnabled', COMMAND.charge),
    discharge: turn('dischargeEnabled', COMMAND.discharge),
    balancer: turn('balancing', COMMAND.balancer),
  },
};
