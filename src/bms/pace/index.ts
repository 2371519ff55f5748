import { ImplausibleError, RefusedError } from '../../errors.ts';
import type { Reading } from '../../model/reading.ts';
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
} from '../../protocol/ascii-frame.ts';
import { readNumber } from '../../protocol/bytes.ts';
import { decodeFields } from '../../protocol/fields.ts';
import type { Exchange } from '../../transport/exchange.ts';
import {
  assemble,
  assertPlausible,
  type BmsDriver,
  confirm,
  FET_STAYED,
  Forms,
  ifTold,
  inquire,
  LIMIT_KEYS,
  type Part,
  PollParts,
  pick,
  toldTwice,
} from '../driver.ts';
import { decodeAlarmReply, decodeAnalogReply, decodeProduct, finish, unsigned } from './decode.ts';
import { COMMAND, CURRENT_THRESHOLD_AT, FACTS, INDICATION, LENGTHS, LIMITS, VERSION } from './fields.ts';

const PROBE_TIMEOUT_MS = 300;
/** A master relays to its slaves over another bus first. */
const TIMEOUT_MS = 500;
const TRIES = 2;
const TWICE = { tries: TRIES } as const;
/** At the second poll, so that the first is quick, and then about hourly at one poll a second; sooner while one was not told. */
const LIMITS_EVERY = 3600;
const LIMITS_RETRY = 60;
const FACT_KEYS = ['firmwareVersion', 'model', 'serialNumber'] as const;
const CONFIRM = { tries: 2, gapMs: 300 } as const;
const CONFIRM_READS = 6;

/** ADR is the pack too: RS485 firmware obeys it, RS232 firmware ignores it. */
const request = (pack: number, command: number): Uint8Array => buildRequest(VERSION, pack, command, [pack]);
const plainRequest = (pack: number, command: number): Uint8Array => buildRequest(VERSION, pack, command);

/** Settings and texts are asked without INFO, as captured, or with the pack in it. */
const FACT_REQUESTS: readonly (typeof request)[] = [plainRequest, request];
const FORMS = new Forms<typeof request>();

const STATE: Part = {
  name: 'alarms and switches (44)',
  toldIn: ({ alarms }) => alarms?.highVoltage !== undefined,
  alarms: (alarms) => alarms,
};

/** The address of a pack that knows no others. Packs of other addresses were seen to answer to it as well. */
const STAND_ALONE = 0;

/** Only the pack with the cable answers these for itself; through RS232 it does so for every address. */
const isAtTheCable = (address: number): boolean => address <= 1;

const RULES: ReplyRules = {
  returnCodes: { 9: 'refused in this state' },
  // RS232 firmware answers with 01, or 00 after a power cycle, whatever was asked.
  sameAddress: false,
  objection(asked, reply) {
    const { version, info } = reply;
    if (asked.code === COMMAND.analog) return analogObjection(asked, reply, 'pace');
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

export const pace: BmsDriver = {
  id: 'pace',
  family: 'pace',
  name: 'PACE (Jakiper, Gobel, SOK, BSLBATT and others)',
  lines: [
    { baudRate: 9600, gapMs: 50 },
    { baudRate: 115_200, gapMs: 50 },
  ],
  addresses: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, STAND_ALONE],
  limits: 'trip',
  answerMs: 30,

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

  async probe(link, address) {
    const asked = request(address, COMMAND.analog);
    const frame = await link.ask(asked, pace.accept(asked), PROBE_TIMEOUT_MS);
    const values = assertPlausible(assemble(pace, [pace.decode(asked, frame)]));
    if (address === STAND_ALONE) await assertAlone(link, parseFrame(frame).address);
    return values;
  },

  async poll(link, address, context) {
    const { cycle, known } = context;
    const ask = (asked: Uint8Array): Promise<Reading> => inquire(pace, link, asked, TIMEOUT_MS, TWICE);
    const values = await ask(request(address, COMMAND.analog));
    const parts = new PollParts(link, address, context);
    const state = await parts.ask(STATE, (tries) =>
      inquire(pace, link, request(address, COMMAND.alarms), TIMEOUT_MS, { tries }),
    );
    const told = async (
      commands: Iterable<number>,
      tell: (command: number) => Promise<Reading | undefined>,
    ): Promise<Reading> => {
      let reading: Reading = {};
      for (const command of commands) reading = { ...reading, ...(await ifTold(tell(command))) };
      return reading;
    };
    const fact = (command: number): Promise<Reading> =>
      FORMS.ask(
        link,
        { battery: address, name: `${command}`, forms: FACT_REQUESTS, tries: TRIES },
        (requestOf) => inquire(pace, link, requestOf(address, command), TIMEOUT_MS),
      );
    const every = LIMIT_KEYS.every((key) => known[key] !== undefined) ? LIMITS_EVERY : LIMITS_RETRY;
    return assemble(pace, [
      pick(known, [...LIMIT_KEYS, ...FACT_KEYS]),
      cycle % every === 1 ? await told(LIMITS.keys(), (command) => toldTwice(() => fact(command))) : {},
      cycle === 0 && isAtTheCable(address) ? await told(FACTS.keys(), fact) : {},
      values,
      state ?? {},
      parts.end(),
    ]);
  },

  switches: {
    charge: (link, address, on) => setFet(link, address, 'chargeEnabled', on),
    discharge: (link, address, on) => setFet(link, address, 'dischargeEnabled', on),
  },
};

/** Throws an ImplausibleError when the pack that answered to address 0 is one that has an address of its own. */
async function assertAlone(link: Exchange, told: number): Promise<void> {
  if (told !== STAND_ALONE)
    throw new ImplausibleError(`pack ${told} answered to address 0 in place of its own`);
  const master = await ifTold(inquire(pace, link, request(1, COMMAND.analog), PROBE_TIMEOUT_MS));
  if (master !== undefined)
    throw new ImplausibleError('pack 1 is there too, so address 0 is another name of it');
}

/** Switches one FET and waits until the alarm reply shows it. RefusedError when the BMS declines or the FET stays. */
async function setFet(
  link: Exchange,
  address: number,
  fet: 'chargeEnabled' | 'dischargeEnabled',
  on: boolean,
): Promise<void> {
  if (!isAtTheCable(address))
    throw new RefusedError(`pack ${address} cannot be switched from here: the master would switch itself`);
  const command = fet === 'chargeEnabled' ? COMMAND.chargeFet : COMMAND.dischargeFet;
  await inquire(pace, link, buildRequest(VERSION, address, command, [on ? 0 : 1]), TIMEOUT_MS);
  await confirm(CONFIRM_READS, FET_STAYED, async () => {
    const now = await inquire(pace, link, request(address, COMMAND.alarms), TIMEOUT_MS, CONFIRM);
    return now[fet] === on;
  });
}
