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
import { assemble, assertPlausible, type BmsDriver, inquire, type SlowFacts, slowFacts } from '../driver.ts';
import { alarmBlockAt, decodeAlarmReply, decodeAnalogReply } from './decode.ts';
import { COMMAND, PRODUCT, REPLY_VERSIONS, VERSION } from './fields.ts';

const PROBE_TIMEOUT_MS = 300;
/** A master relays to its packs; the slowest implementation known waits 500 ms for the first byte. */
const TIMEOUT_MS = 500;
const TWICE = { tries: 2 } as const;
const FACTS: SlowFacts = { keys: ['model', 'firmwareVersion', 'serialNumber'], first: 0 };

const request = (pack: number, command: number): Uint8Array => buildRequest(VERSION, pack, command, [pack]);

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
    const values = await inquire(topbms, link, request(address, COMMAND.analog), PROBE_TIMEOUT_MS);
    return assertPlausible(assemble(topbms, [values]));
  },

  async poll(link, address, context) {
    const ask = (command: number): Promise<Reading> =>
      inquire(topbms, link, request(address, command), TIMEOUT_MS, TWICE);
    const values = await ask(COMMAND.analog);
    const state = await ask(COMMAND.alarms);
    const facts = await slowFacts(FACTS, context, () => ask(COMMAND.product));
    return assemble(topbms, [values, state, facts]);
  },
};
