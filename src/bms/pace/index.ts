import { ImplausibleError, RefusedError } from '../../errors.ts';
import { alarmRows } from '../../protocol/ascii-blocks.ts';
import { ALL_PACKS, analogObjection, otherLength, otherPack } from '../../protocol/ascii-dialect.ts';
import {
  type AsciiFrame,
  acceptReply,
  buildRequest,
  frameIn,
  parseExchange,
  parseFrame,
  type ReplyRules,
  requestPatterns,
} from '../../protocol/ascii-frame.ts';
import { readNumber } from '../../protocol/bytes.ts';
import { decodeFields } from '../../protocol/fields.ts';
import { ASCII_DIALECTS } from '../ascii-dialects.ts';
import {
  assemble,
  assertPlausible,
  type BmsDriver,
  ifTold,
  LIMIT_KEYS,
  planned,
  type Query,
  type Talk,
  type Turn,
  turnOf,
} from '../driver.ts';
import { decodeAlarmReply, decodeAnalogReply, decodeProduct, finish, unsigned } from './decode.ts';
import { PACE } from './dialect.ts';
import { COMMAND, CURRENT_THRESHOLD_AT, FACTS, INDICATION, LENGTHS, LIMITS, VERSION } from './fields.ts';

const PROBE_TIMEOUT_MS = 300;

/** ADR is the pack too: RS485 firmware obeys it, RS232 firmware ignores it. */
const request = (pack: number, command: number): Uint8Array => buildRequest(VERSION, pack, command, [pack]);

/** The address of a pack that knows no others. Packs of other addresses were seen to answer to it as well. */
const STAND_ALONE = 0;

/** Only the pack with the cable answers these for itself; through RS232 it does so for every address. */
const isAtTheCable = (address: number): boolean => address <= 1;

const VALUES_QUERY: Query = { asks: (pack) => request(pack, COMMAND.analog), tries: 2 };
const STATE_QUERY: Query = {
  asks: (pack) => request(pack, COMMAND.alarms),
  name: 'alarms and switches (44)',
  optional: { toldBy: ({ known }) => known.alarms?.highVoltage !== undefined, alarms: (alarms) => alarms },
};
/** Settings and texts are asked without INFO, as captured, or with the pack in it. */
const fact = (command: number, tells: Query['tells'] = []): Query => ({
  asks: (pack) => [
    { id: 'plain', request: buildRequest(VERSION, pack, command) },
    { id: 'pack', request: request(pack, command) },
  ],
  tries: 2,
  tells,
  partly: true,
});
/** At the second poll, so that the first is quick, and then about hourly at one poll a second; sooner while one was not told. */
const LIMITS_QUERIES = [...LIMITS].map(
  ([command, fields]): Query => ({
    ...fact(
      command,
      fields.map(({ key }) => key),
    ),
    rarely: { first: 1, every: 3600, retry: 60, until: LIMIT_KEYS },
    confirmed: 'reading',
  }),
);
const FACTS_QUERIES = [...FACTS.keys()].map(
  (command): Query => ({
    ...fact(command, ['firmwareVersion', 'model', 'serialNumber']),
    rarely: { first: 0 },
    only: ({ address }) => isAtTheCable(address),
  }),
);

const RULES: ReplyRules = {
  returnCodes: { 9: 'refused in this state' },
  // RS232 firmware answers with 01, or 00 after a power cycle, whatever was asked.
  sameAddress: false,
  objection(asked, reply) {
    const { version, info } = reply;
    if (asked.code === COMMAND.analog) return analogObjection(asked, reply, PACE, ASCII_DIALECTS);
    if (version !== VERSION) return `VER ${version.toString(16)} is another dialect`;
    if (asked.code !== COMMAND.alarms) return otherLength(asked, reply, LENGTHS) ?? otherCurrent(asked, info);
    return otherPack(asked, info[1]) ?? (alarmRows(info, 2) ? undefined : 'not an alarm reply');
  },
};

/** Why the threshold of one current cannot answer the question for the other: that of discharging reads back negative. */
function otherCurrent({ code }: AsciiFrame, info: Uint8Array): string | undefined {
  const threshold = readNumber(info, CURRENT_THRESHOLD_AT, 's16be') ?? 0;
  if (code === COMMAND.chargeOverCurrent && threshold < 0) return 'the threshold of the discharge current';
  if (code === COMMAND.dischargeOverCurrent && threshold > 0) return 'the threshold of the charge current';
  return undefined;
}

export const pace: BmsDriver = planned({
  id: 'pace',
  family: 'pace',
  name: 'PACE (Jakiper, Gobel, SOK, BSLBATT and others)',
  responder: async () => (await import('./responder.ts')).responder,
  reach: {
    serial: {
      lines: [
        { baudRate: 9600, gapMs: 50 },
        { baudRate: 115_200, gapMs: 50 },
      ],
      addresses: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, STAND_ALONE],
      answerMs: 30,
      rank: 'common',
    },
  },
  sends: {
    reads: requestPatterns([VERSION], ['42', '44', 'C1', 'C2', 'AF', 'D7', 'D9', 'DB']),
    switches: { charge: requestPatterns([VERSION], ['9A']), discharge: requestPatterns([VERSION], ['9B']) },
  },
  limits: 'trip',
  // A master relays to its slaves over another bus first.
  timeoutMs: 500,
  queries: [VALUES_QUERY, STATE_QUERY, ...LIMITS_QUERIES, ...FACTS_QUERIES],
  probe: { tries: 1, timeoutMs: PROBE_TIMEOUT_MS },

  accept: (asked) => acceptReply(asked, RULES),

  decode(asked, frame) {
    const exchange = parseExchange(asked, frame, RULES);
    const { code } = exchange.asked;
    const { info } = exchange.reply;
    if (code === COMMAND.analog) return decodeAnalogReply(exchange);
    if (code === COMMAND.alarms) return decodeAlarmReply(exchange);
    if (code === COMMAND.chargeFet || code === COMMAND.dischargeFet) return decodeFields(info, INDICATION);
    if (code === COMMAND.serialNumber) return decodeProduct(info);
    return unsigned(decodeFields(info, LIMITS.get(code) ?? FACTS.get(code) ?? []));
  },

  addressOf(asked) {
    const frame = frameIn(asked);
    const pack = frame?.info[0] ?? frame?.address;
    return pack === ALL_PACKS ? undefined : pack;
  },

  finish,

  async prove(talk, { reading, reply }) {
    const values = assertPlausible(assemble(pace, [reading]));
    if (talk.address === STAND_ALONE) await assertAlone(talk, parseFrame(reply).address);
    return values;
  },

  switches: {
    charge: turnFet(COMMAND.chargeFet, 'chargeEnabled'),
    discharge: turnFet(COMMAND.dischargeFet, 'dischargeEnabled'),
  },
});

/** Throws an ImplausibleError when the pack that answered to address 0 is one that has an address of its own. */
async function assertAlone(talk: Talk, told: number): Promise<void> {
  if (told !== STAND_ALONE)
    throw new ImplausibleError(`pack ${told} answered to address 0 in place of its own`);
  const master: Query = { asks: () => request(1, COMMAND.analog), timeoutMs: PROBE_TIMEOUT_MS };
  if ((await ifTold(talk.ask(master))) !== undefined)
    throw new ImplausibleError('pack 1 is there too, so address 0 is another name of it');
}

/** Switches one FET and waits until the alarm reply shows it. RefusedError when the BMS declines or the FET stays. */
function turnFet(command: number, key: 'chargeEnabled' | 'dischargeEnabled'): Turn {
  const turn = turnOf({
    write: (on, pack) => ({ asks: () => buildRequest(VERSION, pack, command, [on ? 0 : 1]) }),
    shownBy: STATE_QUERY,
    key,
    how: { tries: 2, gapMs: 300 },
  });
  return async (talk, on) => {
    const { address } = talk;
    if (!isAtTheCable(address))
      throw new RefusedError(`pack ${address} cannot be switched from here: the master would switch itself`);
    await turn(talk, on);
  };
}
