import type { Reading } from '../../model/reading.ts';
import type { AskOptions, Exchange } from '../../transport/exchange.ts';
import {
  assemble,
  assertPlausible,
  type BmsDriver,
  confirm,
  FET_STAYED,
  ifTold,
  inquire,
  isDue,
  LIMIT_KEYS,
  type Part,
  PollParts,
  pick,
  type SlowFacts,
  sayUntold,
  slowFacts,
  toldTwice,
} from '../driver.ts';
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

const READ_BASIC = request(READ, REGISTER.basicInfo);
const READ_CELLS = request(READ, REGISTER.cellVoltages);
const READ_NAME = request(READ, REGISTER.name);
const READ_LIMITS = request(READ, REGISTER.parameters, [0, LIMITS_FIRST, LIMITS_COUNT]);
const LIMITS_ASKED = READ_LIMITS.subarray(4, 7);

/** The only two frames that this driver ever writes; the vendor's app always sends the second after the first. */
const setFets = (charge: boolean, discharge: boolean): Uint8Array =>
  request(WRITE, REGISTER.fets, [0, (charge ? 0 : 1) + (discharge ? 0 : 2)]);
const LEAVE_FACTORY_MODE = request(WRITE, REGISTER.leaveFactoryMode, [0, 0]);

const TIMEOUT_MS = 500;
/** A sleeping UART is woken by the first request and answers the second; asking again comes soon. */
const WAKE: AskOptions = { tries: 3 };
const WAKE_TIMEOUT_MS = 300;
const TWICE: AskOptions = { tries: 2 };
const NAME: SlowFacts = { keys: ['model'], first: 0, attempts: 3 };
/** At the second poll, so that the first is quick, and then about hourly at one poll a second. */
const LIMITS: SlowFacts = { keys: LIMIT_KEYS, name: 'trip points (0xFA)', first: 1, every: 3600 };
/** The FET byte was seen to follow 0.4 to 0.8 s after the acknowledgement. */
const CONFIRM: AskOptions = { tries: 2, gapMs: 300 };
const CONFIRM_READS = 6;

const CELLS: Part = {
  name: 'cell voltages (0x04)',
  toldIn: ({ cellVoltages }) => cellVoltages !== undefined,
};

/** Classic JBD frames (`DD ... 77`). */
export const jbd: BmsDriver = {
  id: 'jbd',
  family: 'jbd',
  name: 'JBD / LLT / Xiaoxiang / Overkill',
  lines: [{ baudRate: 9600, gapMs: 20 }],
  addresses: [1],
  limits: 'trip',
  answerMs: 60,

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

  async probe(link) {
    const basic = await inquire(jbd, link, READ_BASIC, WAKE_TIMEOUT_MS, WAKE);
    const cells = await ifTold(inquire(jbd, link, READ_CELLS, TIMEOUT_MS, TWICE));
    return assertPlausible(assemble(jbd, [basic, cells ?? {}]));
  },

  async poll(link, address, context) {
    const basic = await readBasic(link, WAKE);
    const parts = new PollParts(link, address, context);
    const cells = await parts.ask(CELLS, (tries) => inquire(jbd, link, READ_CELLS, TIMEOUT_MS, { tries }));
    const name = await slowFacts(NAME, context, () => inquire(jbd, link, READ_NAME, TIMEOUT_MS));
    const { known } = context;
    const parameters = isDue(LIMITS, context)
      ? await ifTold(
          toldTwice(async () =>
            dataOf(await link.ask(READ_LIMITS, acceptReply(READ_LIMITS), WAKE_TIMEOUT_MS)),
          ),
        )
      : undefined;
    if (parameters === undefined) sayUntold(LIMITS, context);
    const tens = basicInTens(basic) || (parameters ? limitsInTens(parameters) : knownInTens(basic, known));
    const limits = parameters ? decodeLimits(LIMITS_ASKED, parameters, tens) : pick(known, LIMIT_KEYS);
    return assemble(jbd, [name, limits, decodeBasicInfo(basic, tens), cells ?? {}, parts.end()]);
  },

  switches: {
    charge: (link, _address, on) => setFet(link, 'chargeEnabled', on),
    discharge: (link, _address, on) => setFet(link, 'dischargeEnabled', on),
  },
};

async function readBasic(link: Exchange, options: AskOptions): Promise<Uint8Array> {
  return dataOf(await link.ask(READ_BASIC, acceptReply(READ_BASIC), TIMEOUT_MS, options));
}

/** The function bits were read earlier: the nominal capacity, which never changes, is known to be ten times the raw one. */
function knownInTens(basic: Uint8Array, known: Reading): boolean {
  const inTens = capacityInTens(basic);
  return inTens !== undefined && inTens > 0 && known.capacityDesign === inTens;
}

/**
 * One frame carries both FETs, so the other one is sent as it is wanted: off only where it was switched off by command,
 * not where a protection holds it off for the moment. Resolves when 0x03 shows the change; RefusedError when it never does.
 */
async function setFet(link: Exchange, fet: 'chargeEnabled' | 'dischargeEnabled', on: boolean): Promise<void> {
  const before = await readBasic(link, WAKE);
  const commanded = softwareLocked(before);
  const { chargeEnabled, dischargeEnabled } = decodeBasicInfo(before);
  const wanted = {
    chargeEnabled: !commanded || chargeEnabled === true,
    dischargeEnabled: !commanded || dischargeEnabled === true,
    [fet]: on,
  };
  await inquire(jbd, link, setFets(wanted.chargeEnabled, wanted.dischargeEnabled), TIMEOUT_MS, TWICE);
  await inquire(jbd, link, LEAVE_FACTORY_MODE, TIMEOUT_MS, TWICE);
  await confirm(CONFIRM_READS, FET_STAYED, async () => {
    const now = decodeBasicInfo(await readBasic(link, CONFIRM));
    return now[fet] === on;
  });
}
