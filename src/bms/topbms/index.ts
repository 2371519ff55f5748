import type { Reading } from '../../model/reading.ts';
import { ALL_PACKS, analogObjection, otherPack } from '../../protocol/ascii-dialect.ts';
import {
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
  type Part,
  PollParts,
  type SlowFacts,
  slowFacts,
} from '../driver.ts';
import { alarmBlockAt, decodeAlarmReply, decodeAnalogReply } from './decode.ts';
import { COMMAND, PRODUCT, REPLY_VERSIONS } from './fields.ts';

const PROBE_TIMEOUT_MS = 300;
/** A master relays to its packs; the slowest implementation known waits 500 ms for the first byte. */
const TIMEOUT_MS = 500;
const TRIES = 2;
const FACTS: SlowFacts = { keys: ['model', 'firmwareVersion', 'serialNumber'], first: 0, attempts: 3 };

/** Requests are answered in the version of the document and in the one that replies carry. */
const FORMS = new Forms<number>();

function ask(
  link: Exchange,
  pack: number,
  command: number,
  tries: number,
  timeoutMs = TIMEOUT_MS,
): Promise<Reading> {
  const question = { battery: pack, name: `${command}`, forms: REPLY_VERSIONS, tries };
  return FORMS.ask(link, question, (version) =>
    inquire(topbms, link, buildRequest(version, pack, command, [pack]), timeoutMs),
  );
}

const STATE: Part = {
  name: 'alarms and switches (44)',
  toldIn: ({ alarms }) => alarms?.highVoltage !== undefined,
  alarms: (alarms) => alarms,
};

const RULES: ReplyRules = {
  returnCodes: { 144: 'address wrong', 145: 'internal communication failed', 160: 'transfer failed' },
  sameAddress: false,
  objection(asked, reply) {
    const { version, info } = reply;
    if (asked.code === COMMAND.analog) return analogObjection(asked, reply, 'topbms');
    if (!REPLY_VERSIONS.includes(version)) return `VER ${version.toString(16)} is another dialect`;
    if (asked.code !== COMMAND.alarms) return otherPack(asked, info[0]);
    const at = alarmBlockAt(info);
    return at === undefined ? 'not an alarm reply' : otherPack(asked, info[at - 1]);
  },
};

export const topbms: BmsDriver = {
  id: 'topbms',
  family: 'topbms',
  name: 'TopBMS',
  lines: [{ baudRate: 9600, gapMs: 50 }],
  addresses: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
  limits: 'none',
  answerMs: 50,

  accept: (asked) => acceptReply(asked, RULES),

  decode(asked, frame) {
    const exchange = parseExchange(asked, frame, RULES);
    switch (exchange.asked.code) {
      case COMMAND.analog:
        return decodeAnalogReply(exchange);
      case COMMAND.alarms:
        return decodeAlarmReply(exchange);
      case COMMAND.product:
        return decodeFields(exchange.reply.info.subarray(1), PRODUCT);
      default:
        return {};
    }
  },

  addressOf(asked) {
    const pack = frameIn(asked)?.info[0];
    return pack === ALL_PACKS ? undefined : pack;
  },

  async probe(link, address) {
    const values = await ask(link, address, COMMAND.analog, 1, PROBE_TIMEOUT_MS);
    return assertPlausible(assemble(topbms, [values]));
  },

  async poll(link, address, context) {
    const parts = new PollParts(link, address, context);
    const values = await ask(link, address, COMMAND.analog, TRIES);
    const state = await parts.ask(STATE, (tries) => ask(link, address, COMMAND.alarms, tries));
    const facts = await slowFacts(FACTS, context, () => ask(link, address, COMMAND.product, 1));
    return assemble(topbms, [values, state ?? {}, parts.end(), facts]);
  },
};
