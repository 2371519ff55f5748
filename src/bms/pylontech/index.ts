import type { Reading } from '../../model/reading.ts';
import { alarmRows } from '../../protocol/ascii-blocks.ts';
import { ALL_PACKS, analogObjection, otherLength, otherPack } from '../../protocol/ascii-dialect.ts';
import {
  type AsciiFrame,
  acceptReply,
  buildRequest,
  frameIn,
  parseExchange,
  type ReplyRules,
} from '../../protocol/ascii-frame.ts';
import { decodeFields } from '../../protocol/fields.ts';
import type { Exchange } from '../../transport/exchange.ts';
import {
  assemble,
  assertPlausible,
  type BmsDriver,
  Forms,
  inquire,
  LIMIT_KEYS,
  type Part,
  PollParts,
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
const TRIES = 2;
const LIMITS_EVERY = 5;
/** Eight groups of twelve modules, the master of each at place 2. */
const GROUPS = 8;
const MODULES = 12;
const MASTER = 2;
/** The master of group 1, which is the first group behind a hub. */
const FIRST_OF_HUB = 0x10 + MASTER;
/** What never changes: asked at the first poll, and at the next two while it was not told. */
const MODEL: SlowFacts = { keys: ['model', 'firmwareVersion'], first: 0, attempts: 3 };
const SERIAL: SlowFacts = { keys: ['serialNumber'], first: 0, attempts: 3 };

/** The place of a module in its group: the low half of its address. */
const placeOf = (address: number): number => address & 0x0f;

/** What stands in INFO of a request to `address`. */
type Info = (address: number) => readonly number[];
const ADDRESS: Info = (address) => [address];
const PLACE: Info = (address) => [placeOf(address)];
const NOTHING: Info = () => [];

/**
 * INFO repeats the address wherever the document has an INFO at all: a module obeys INFO on some firmware. In a further group
 * it may be the place of the module alone; and firmware that goes by ADR wants none.
 */
const FORMS = new Forms<Info>();
const formsOf = (address: number, command: number): readonly Info[] => {
  if (command === COMMAND.manufacturer) return [NOTHING, ADDRESS];
  return placeOf(address) === address ? [ADDRESS, NOTHING] : [ADDRESS, PLACE, NOTHING];
};

/** Asks one module, in the form of INFO that it answers. */
function ask(
  link: Exchange,
  address: number,
  command: number,
  tries: number,
  timeoutMs = TIMEOUT_MS,
): Promise<Reading> {
  const question = { battery: address, name: `${command}`, forms: formsOf(address, command), tries };
  return FORMS.ask(link, question, (info) =>
    inquire(pylontech, link, buildRequest(VERSION, address, command, info(address)), timeoutMs),
  );
}

/** A module of a further group names itself by its whole address or by its place in the group. */
function otherModule(asked: AsciiFrame, told: number | undefined): string | undefined {
  return told === placeOf(asked.address) ? undefined : otherPack(asked, told);
}

const RULES: ReplyRules = {
  returnCodes: { 144: 'address wrong', 145: 'the master cannot reach the module' },
  sameAddress: true,
  objection(asked, reply) {
    const { version, info } = reply;
    if (asked.code === COMMAND.analog) return analogObjection(asked, reply, 'pylontech', otherModule);
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

export const pylontech: BmsDriver = {
  id: 'pylontech',
  family: 'pylontech',
  name: 'Pylontech US series',
  lines: [
    { baudRate: 115_200, gapMs: 50 },
    { baudRate: 9600, gapMs: 50 },
  ],
  addresses: addressesOf(),
  secondUsual: FIRST_OF_HUB,
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
    const values = await ask(link, address, COMMAND.analog, 1, PROBE_TIMEOUT_MS);
    return assertPlausible(assemble(pylontech, [values]));
  },

  async poll(link, address, context) {
    const { cycle, known } = context;
    const parts = new PollParts(link, address, context);
    const tell = (part: Part, command: number): Promise<Reading | undefined> =>
      parts.ask(part, (tries) => ask(link, address, command, tries));
    const fact = (facts: SlowFacts, command: number): Promise<Reading> =>
      slowFacts(facts, context, () => ask(link, address, command, 1));

    const values = await ask(link, address, COMMAND.analog, TRIES);
    const state = await tell(STATE, COMMAND.alarms);
    const model = await fact(MODEL, COMMAND.manufacturer);
    const serial = await fact(SERIAL, COMMAND.serialNumber);
    const due = cycle % LIMITS_EVERY === 0 || !LIMITS.toldIn(known);
    const limits = due ? await tell(LIMITS, COMMAND.management) : undefined;
    return assemble(pylontech, [
      values,
      model,
      serial,
      // Before the state, whose switches are those of now; `finish` adds the permission that the limits carry.
      limits ?? rememberedLimits(known),
      state ?? {},
      parts.end(),
    ]);
  },
};

/** The state and alarms of 44; the call for charge comes with the limits. */
const STATE: Part = {
  name: 'alarms and switches (44)',
  toldIn: ({ alarms }) => alarms?.highVoltage !== undefined,
  alarms: ({ lowSoc: _, ...alarms }) => alarms,
};
/** A module that once told its limits must go on telling them: without, a full battery would look unlimited. */
const LIMITS: Part = {
  name: 'limits (92)',
  toldIn: ({ maxChargeVoltage }) => maxChargeVoltage !== undefined,
};

/** The limits and the call for charge that came with them. */
function rememberedLimits(known: Reading): Reading {
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
