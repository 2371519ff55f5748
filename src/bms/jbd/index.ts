import type { PackReading } from '../../model/reading.ts';
import {
  assemble,
  assertPlausible,
  type BmsDriver,
  confirm,
  FET_STAYED,
  ifTold,
  LIMIT_KEYS,
  planned,
  type Query,
  type Turn,
} from '../driver.ts';
import { BLUETOOTH } from './bluetooth.ts';
import {
  basicInTens,
  capacityInTens,
  decodeBasicInfo,
  decodeCells,
  decodeLimits,
  decodeName,
  finish,
  limitsInTens,
  softwareLocked,
} from './decode.ts';
import { LIMITS_COUNT, LIMITS_FIRST, REGISTER } from './fields.ts';
import { acceptReply, dataOf, READ, request, WRITE } from './frame.ts';

/** A sleeping UART is woken by the first request and answers the second. */
const BASIC_QUERY: Query = { asks: () => request(READ, REGISTER.basicInfo), tries: 3 };
const CELLS_QUERY: Query = {
  asks: () => request(READ, REGISTER.cellVoltages),
  name: 'cell voltages (0x04)',
  tells: ['cellVoltages'],
  optional: {},
};
const NAME_QUERY: Query = {
  asks: () => request(READ, REGISTER.name),
  tells: ['model'],
  rarely: { first: 0, attempts: 3 },
};
/** At the second poll, so that the first is quick, and then about hourly at one poll a second. */
const LIMITS_QUERY: Query = {
  asks: () => request(READ, REGISTER.parameters, LIMITS_ASKED),
  name: 'trip points (0xFA)',
  tells: LIMIT_KEYS,
  rarely: { first: 1, every: 3600 },
  confirmed: 'reply',
  timeoutMs: 300,
};
const LIMITS_ASKED = [0, LIMITS_FIRST, LIMITS_COUNT];

/** The only two frames that this driver ever writes; the vendor's app always sends the second after the first. */
const setFets = (charge: boolean, discharge: boolean): Uint8Array =>
  request(WRITE, REGISTER.fets, [0, (charge ? 0 : 1) + (discharge ? 0 : 2)]);
const LEAVE_FACTORY_MODE = request(WRITE, REGISTER.leaveFactoryMode, [0, 0]);

/** The FET byte was seen to follow 0.4 to 0.8 s after the acknowledgement. */
const CONFIRM = { tries: 2, gapMs: 300 } as const;
const CONFIRM_READS = 6;

/** Both FETs in one frame, then the end of the factory mode that a write begins. */
const FET_WRITES = [/^dd5ae102000[0-3]/, /^dd5a01020000/];

/** Classic JBD frames (`DD ... 77`). */
export const jbd: BmsDriver = planned({
  id: 'jbd',
  family: 'jbd',
  name: 'JBD / LLT / Xiaoxiang / Overkill',
  responder: async () => (await import('./responder.ts')).responder,
  reach: {
    serial: {
      lines: [{ baudRate: 9600, gapMs: 20 }],
      addresses: [1],
      answerMs: 60,
      rank: 'common',
      sleeps: true,
    },
    bluetooth: BLUETOOTH,
  },
  sends: {
    reads: [/^dda5(0300|0400|0500)/, /^dda5fa03/],
    switches: { charge: FET_WRITES, discharge: FET_WRITES },
  },
  limits: 'trip',
  timeoutMs: 500,
  queries: [BASIC_QUERY, CELLS_QUERY, NAME_QUERY, LIMITS_QUERY],
  // Asking again comes soon.
  probe: { timeoutMs: 300 },

  accept: acceptReply,

  decode(asked, reply) {
    const data = dataOf(reply);
    if (asked[1] === WRITE) return {};
    switch (asked[2]) {
      case REGISTER.basicInfo:
        return decodeBasicInfo(data);
      case REGISTER.cellVoltages:
        return decodeCells(data);
      case REGISTER.name:
        return decodeName(data);
      case REGISTER.parameters:
        return decodeLimits(asked.subarray(4, -3), data);
      default:
        return {};
    }
  },

  finish,

  async prove(talk, { reading }) {
    const cells = await ifTold(talk.ask(CELLS_QUERY, { tries: 2 }));
    return assertPlausible(assemble(jbd, [reading, cells?.reading ?? {}]));
  },

  /** Either of the two replies may say that both count in tens. */
  together(poll) {
    const basic = dataOf(poll.now(BASIC_QUERY)?.reply ?? NOTHING);
    const answer = poll.now(LIMITS_QUERY);
    const parameters = answer && dataOf(answer.reply);
    const tens =
      basicInTens(basic) || (parameters ? limitsInTens(parameters) : knownInTens(basic, poll.known));
    const limits = parameters ? decodeLimits(Uint8Array.from(LIMITS_ASKED), parameters, tens) : {};
    return { ...limits, ...decodeBasicInfo(basic, tens) };
  },

  switches: { charge: turnFet('chargeEnabled'), discharge: turnFet('dischargeEnabled') },
});

const NOTHING = new Uint8Array();

/** The function bits were read earlier: the nominal capacity, which never changes, is known to be ten times the raw one. */
function knownInTens(basic: Uint8Array, known: PackReading): boolean {
  const inTens = capacityInTens(basic);
  return inTens !== undefined && inTens > 0 && known.capacityDesign === inTens;
}

/**
 * One frame carries both FETs, so the other one is sent as it is wanted: off only where it was switched off by command,
 * not where a protection holds it off for the moment. Resolves when 0x03 shows the change; RefusedError when it never does.
 */
function turnFet(fet: 'chargeEnabled' | 'dischargeEnabled'): Turn {
  return async (talk, on) => {
    const before = await talk.ask(BASIC_QUERY);
    const commanded = softwareLocked(dataOf(before.reply));
    const { chargeEnabled, dischargeEnabled } = before.reading;
    const wanted = {
      chargeEnabled: !commanded || chargeEnabled === true,
      dischargeEnabled: !commanded || dischargeEnabled === true,
      [fet]: on,
    };
    const frames = [setFets(wanted.chargeEnabled, wanted.dischargeEnabled), LEAVE_FACTORY_MODE];
    for (const frame of frames) await talk.ask({ asks: () => frame, tries: 2 });
    await confirm(CONFIRM_READS, FET_STAYED, async () => {
      const { reading } = await talk.ask(BASIC_QUERY, CONFIRM);
      return reading[fet] === on;
    });
  };
}
