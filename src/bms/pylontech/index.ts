import type { Reading } from '../../model/reading.ts';
import { alarmRows } from '../../protocol/ascii-blocks.ts';
import { ALL_PACKS, analogObjection, otherLength, otherPack } from '../../protocol/ascii-dialect.ts';
import {
  acceptReply,
  buildRequest,
  frameIn,
  parseExchange,
  type ReplyRules,
} from '../../protocol/ascii-frame.ts';
import { decodeFields } from '../../protocol/fields.ts';
import {
  assemble,
  assertPlausible,
  type BmsDriver,
  ifTold,
  inquire,
  LIMIT_KEYS,
  pick,
  type SlowFacts,
  slowFacts,
} from '../driver.ts';
import {
  decodeAlarmReply,
  decodeAnalogReply,
  decodeManagement,
  decodeManufacturer,
  finish,
} from './decode.ts';
import { COMMAND, LENGTHS, SERIAL_NUMBER, SIBLING_VERSIONS, SYSTEM_ANALOG, VERSION } from './fields.ts';

const PROBE_TIMEOUT_MS = 300;
const TIMEOUT_MS = 500;
const TWICE = { tries: 2 } as const;
const LIMITS_EVERY = 5;
const FACTS: SlowFacts = { keys: ['model', 'firmwareVersion', 'serialNumber'], first: 0 };

/** INFO repeats the address wherever the document has an INFO at all: a module obeys INFO on some firmware. */
const request = (address: number, command: number): Uint8Array =>
  buildRequest(VERSION, address, command, command === COMMAND.manufacturer ? [] : [address]);

const RULES: ReplyRules = {
  returnCodes: { 144: 'address wrong', 145: 'the master cannot reach the module' },
  sameAddress: true,
  objection(asked, reply) {
    const { version, info } = reply;
    if (asked.code === COMMAND.analog) return analogObjection(asked, reply, 'pylontech');
    if (SIBLING_VERSIONS.includes(version)) return `VER ${version.toString(16)} is another dialect`;
    switch (asked.code) {
      case COMMAND.alarms:
        return otherPack(asked, info[1]) ?? (alarmRows(info, 2) ? undefined : 'not an alarm reply');
      case COMMAND.management:
      case COMMAND.serialNumber:
      case COMMAND.softwareVersion:
        return otherPack(asked, info[0]) ?? otherLength(asked, reply, LENGTHS);
      case COMMAND.manufacturer:
        // The alarm reply of a module of 15 cells is as long.
        return otherLength(asked, reply, LENGTHS) ?? (isText(info[0]) ? undefined : 'no name of a device');
      default:
        return otherLength(asked, reply, LENGTHS);
    }
  },
};

/** What a name begins with, and the flags ahead of a measurement do not. */
const isText = (char = 0): boolean => char >= 0x20 && char < 0x7f;

export const pylontech: BmsDriver = {
  id: 'pylontech',
  family: 'pylontech',
  name: 'Pylontech US series',
  lines: [
    { baudRate: 115_200, gapMs: 50 },
    { baudRate: 9600, gapMs: 50 },
  ],
  addresses: [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
  chemistry: 'lfp',
  limits: 'operating',
  answerMs: 75,

  accept: (asked) => acceptReply(asked, RULES),

  decode(asked, frame) {
    const exchange = parseExchange(asked, frame, RULES);
    const { info } = exchange.reply;
    switch (exchange.asked.code) {
      case COMMAND.analog:
        return decodeAnalogReply(exchange);
      case COMMAND.alarms:
        return decodeAlarmReply(exchange);
      case COMMAND.management:
        return decodeManagement(info.subarray(1));
      case COMMAND.systemManagement:
        return decodeManagement(info);
      case COMMAND.systemAnalog:
        return decodeFields(info, SYSTEM_ANALOG);
      case COMMAND.manufacturer:
        return decodeManufacturer(info);
      case COMMAND.serialNumber:
        return decodeFields(info.subarray(1), SERIAL_NUMBER);
      default:
        return {};
    }
  },

  addressOf(asked) {
    const frame = frameIn(asked);
    return frame?.info[0] === ALL_PACKS ? undefined : frame?.address;
  },

  finish,

  async probe(link, address) {
    const values = await inquire(pylontech, link, request(address, COMMAND.analog), PROBE_TIMEOUT_MS);
    return assertPlausible(assemble(pylontech, [values]));
  },

  async poll(link, address, context) {
    const { cycle, known } = context;
    const ask = (command: number): Promise<Reading> =>
      inquire(pylontech, link, request(address, command), TIMEOUT_MS, TWICE);
    const facts = async (): Promise<Reading> => ({
      ...(await ifTold(ask(COMMAND.manufacturer))),
      ...(await ifTold(ask(COMMAND.serialNumber))),
    });
    // A module that once told its limits must go on telling them: without, a full battery would look unlimited.
    const limits = async (): Promise<Reading> =>
      known.maxChargeVoltage === undefined
        ? ((await ifTold(ask(COMMAND.management))) ?? {})
        : ask(COMMAND.management);

    const values = await ask(COMMAND.analog);
    const state = await ask(COMMAND.alarms);
    return assemble(pylontech, [
      values,
      await slowFacts(FACTS, context, facts),
      // Before the state, whose switches are those of now; `finish` adds the permission that the limits carry.
      cycle % LIMITS_EVERY === 0 ? await limits() : rememberedLimits(known),
      state,
    ]);
  },
};

/** The limits and the call for charge that came with them. */
function rememberedLimits(known: Reading): Reading {
  const lowSoc = known.alarms?.lowSoc;
  return { ...pick(known, LIMIT_KEYS), ...(lowSoc !== undefined && { alarms: { lowSoc } }) };
}
