import { ALL_PACKS, analogObjection, otherPack } from '../../protocol/ascii-dialect.ts';
import {
  acceptReply,
  buildRequest,
  frameIn,
  parseExchange,
  type ReplyRules,
  requestPatterns,
} from '../../protocol/ascii-frame.ts';
import { decodeFields } from '../../protocol/fields.ts';
import { ASCII_DIALECTS } from '../ascii-dialects.ts';
import { type BmsDriver, planned, type Query } from '../driver.ts';
import { alarmBlockAt, decodeAlarmReply, decodeAnalogReply } from './decode.ts';
import { TOPBMS } from './dialect.ts';
import { COMMAND, PRODUCT, REPLY_VERSIONS } from './fields.ts';

/** Requests are answered in the version of the document and in the one that replies carry. */
const asks = (command: number): Query['asks'] => {
  return (pack) =>
    REPLY_VERSIONS.map((version) => ({
      id: `${version}`,
      request: buildRequest(version, pack, command, [pack]),
    }));
};
const VALUES_QUERY: Query = { asks: asks(COMMAND.analog), tries: 2 };
const STATE_QUERY: Query = {
  asks: asks(COMMAND.alarms),
  name: 'alarms and switches (44)',
  optional: { toldBy: ({ known }) => known.alarms?.highVoltage !== undefined, alarms: (alarms) => alarms },
};
const PRODUCT_QUERY: Query = {
  asks: asks(COMMAND.product),
  tells: ['model', 'firmwareVersion', 'serialNumber'],
  rarely: { first: 0, attempts: 3 },
};

const RULES: ReplyRules = {
  returnCodes: { 144: 'address wrong', 145: 'internal communication failed', 160: 'transfer failed' },
  sameAddress: false,
  objection(asked, reply) {
    const { version, info } = reply;
    if (asked.code === COMMAND.analog) return analogObjection(asked, reply, TOPBMS, ASCII_DIALECTS);
    if (!REPLY_VERSIONS.includes(version)) return `VER ${version.toString(16)} is another dialect`;
    if (asked.code !== COMMAND.alarms) return otherPack(asked, info[0]);
    const at = alarmBlockAt(info);
    return at === undefined ? 'not an alarm reply' : otherPack(asked, info[at - 1]);
  },
};

export const topbms: BmsDriver = planned({
  id: 'topbms',
  family: 'topbms',
  name: 'TopBMS',
  responder: async () => (await import('./responder.ts')).responder,
  reach: {
    serial: {
      lines: [{ baudRate: 9600, gapMs: 50 }],
      addresses: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
      answerMs: 50,
    },
  },
  sends: { reads: requestPatterns(REPLY_VERSIONS, ['42', '44', 'F1']) },
  limits: 'none',
  // A master relays to its packs; the slowest implementation known waits 500 ms for the first byte.
  timeoutMs: 500,
  queries: [VALUES_QUERY, STATE_QUERY, PRODUCT_QUERY],
  probe: { tries: 1, timeoutMs: 300 },

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
});
