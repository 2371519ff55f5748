import type { PackReading } from '../../model/reading.ts';
import { alarmRows } from '../../protocol/ascii-blocks.ts';
import { ALL_PACKS, analogObjection, otherLength, otherPack } from '../../protocol/ascii-dialect.ts';
import {
  type AsciiFrame,
  acceptReply,
  buildRequest,
  frameIn,
  parseExchange,
  type ReplyRules,
  requestPatterns,
} from '../../protocol/ascii-frame.ts';
import { decodeFields } from '../../protocol/fields.ts';
import { ASCII_DIALECTS } from '../ascii-dialects.ts';
import { type BmsDriver, LIMIT_KEYS, pick, planned, type Query } from '../driver.ts';
import {
  decodeAlarmReply,
  decodeAnalogReply,
  decodeManagement,
  decodeManufacturer,
  finish,
} from './decode.ts';
import { PYLONTECH } from './dialect.ts';
import { COMMAND, LENGTHS, SERIAL_NUMBER, SIBLING_VERSIONS, SYSTEM_ANALOG, VERSION } from './fields.ts';

/** Eight groups of twelve modules, the master of each at place 2. */
const GROUPS = 8;
const MODULES = 12;
const MASTER = 2;
/** The master of group 1, which is the first group behind a hub. */
const FIRST_OF_HUB = 0x10 + MASTER;
/** The place of a module in its group: the low half of its address. */
const placeOf = (address: number): number => address & 0x0f;

/** What stands in INFO of a request, by name. */
const INFO = {
  address: (address: number) => [address],
  place: (address: number) => [placeOf(address)],
  nothing: () => [],
} as const;

/**
 * INFO repeats the address wherever the document has an INFO at all: a module obeys INFO on some firmware. In a further group
 * it may be the place of the module alone; and firmware that goes by ADR wants none.
 */
const infosOf = (address: number, command: number): readonly (keyof typeof INFO)[] => {
  if (command === COMMAND.manufacturer) return ['nothing', 'address'];
  return placeOf(address) === address ? ['address', 'nothing'] : ['address', 'place', 'nothing'];
};
const asks = (command: number): Query['asks'] => {
  return (address) =>
    infosOf(address, command).map((id) => ({
      id,
      request: buildRequest(VERSION, address, command, INFO[id](address)),
    }));
};

const VALUES_QUERY: Query = { asks: asks(COMMAND.analog), tries: 2 };
/** The state and alarms of 44; the call for charge comes with the limits. */
const STATE_QUERY: Query = {
  asks: asks(COMMAND.alarms),
  name: 'alarms and switches (44)',
  optional: {
    toldBy: ({ known }) => known.alarms?.highVoltage !== undefined,
    alarms: ({ lowSoc: _, ...alarms }) => alarms,
  },
};
/** What never changes: asked at the first poll, and at the next two while it was not told. */
const ONCE = { first: 0, attempts: 3 } as const;
const MODEL_QUERY: Query = {
  asks: asks(COMMAND.manufacturer),
  tells: ['model', 'firmwareVersion'],
  rarely: ONCE,
};
const SERIAL_QUERY: Query = { asks: asks(COMMAND.serialNumber), tells: ['serialNumber'], rarely: ONCE };
/**
 * A module that once told its limits must go on telling them: without, a full battery would look unlimited. Its switches give
 * way to those of the state; `finish` adds the permission that the limits carry.
 */
const LIMITS_QUERY: Query = {
  asks: asks(COMMAND.management),
  name: 'limits (92)',
  tells: ['maxChargeVoltage'],
  optional: { every: 5, stays: rememberedLimits },
};

/** A module of a further group names itself by its whole address or by its place in the group. */
function otherModule(asked: AsciiFrame, told: number | undefined): string | undefined {
  return told === placeOf(asked.address) ? undefined : otherPack(asked, told);
}

const RULES: ReplyRules = {
  returnCodes: { 144: 'address wrong', 145: 'the master cannot reach the module' },
  sameAddress: true,
  objection(asked, reply) {
    const { version, info } = reply;
    if (asked.code === COMMAND.analog)
      return analogObjection(asked, reply, PYLONTECH, ASCII_DIALECTS, otherModule);
    if (SIBLING_VERSIONS.includes(version)) return `VER ${version.toString(16)} is another dialect`;
    switch (asked.code) {
      case COMMAND.alarms:
        return otherModule(asked, info[1]) ?? (alarmRows(info, 2) ? undefined : 'not an alarm reply');
      case COMMAND.management:
      case COMMAND.serialNumber:
      case COMMAND.softwareVersion:
        return otherModule(asked, info[0]) ?? otherLength(asked, reply, LENGTHS);
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

export const pylontech: BmsDriver = planned({
  id: 'pylontech',
  family: 'pylontech',
  name: 'Pylontech US series',
  responder: async () => (await import('./responder.ts')).responder,
  reach: {
    serial: {
      lines: [
        { baudRate: 115_200, gapMs: 50 },
        { baudRate: 9600, gapMs: 50 },
      ],
      addresses: addressesOf(),
      secondUsual: FIRST_OF_HUB,
      answerMs: 75,
      rank: 'common',
    },
  },
  sends: { reads: requestPatterns([VERSION], ['42', '44', '51', '92', '93']) },
  chemistry: 'lfp',
  limits: 'operating',
  timeoutMs: 500,
  queries: [VALUES_QUERY, STATE_QUERY, MODEL_QUERY, SERIAL_QUERY, LIMITS_QUERY],
  probe: { tries: 1, timeoutMs: 300 },

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
});

/** The limits and the call for charge that came with them. */
function rememberedLimits(known: PackReading): PackReading {
  const lowSoc = known.alarms?.lowSoc;
  return { ...pick(known, LIMIT_KEYS), ...(lowSoc !== undefined && { alarms: { lowSoc } }) };
}

/**
 * The master of the only group; those of groups behind a hub, of which the first is 1; then the other modules of all groups. The
 * high half of an address is the group, the low half the module.
 */
function addressesOf(): number[] {
  const groups = Array.from({ length: GROUPS }, (_, group) => group << 4);
  const others = Array.from({ length: MODULES - 1 }, (_, index) => MASTER + 1 + index);
  return [
    ...groups.map((group) => group + MASTER),
    ...groups.flatMap((group) => others.map((module) => group + module)),
  ];
}
