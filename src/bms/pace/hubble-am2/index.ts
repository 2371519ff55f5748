import { ImplausibleError } from '../../../errors.ts';
import type { Reading } from '../../../model/reading.ts';
import { round } from '../../../model/round.ts';
import { readNumber } from '../../../protocol/bytes.ts';
import { present } from '../../../protocol/fields.ts';
import { acceptRegisters, readRegisters } from '../../../protocol/modbus.ts';
import { blockOf } from '../../../protocol/registers.ts';
import type { AskOptions, Exchange } from '../../../transport/exchange.ts';
import {
  assemble,
  assertCarries,
  assertPlausible,
  type BmsDriver,
  ifTold,
  inquire,
  LIMIT_KEYS,
  pick,
  type SlowFacts,
  slowFacts,
} from '../../driver.ts';
import { decodeParameters, decodeTexts, decodeValues } from './decode.ts';
import { BELOW_WARNING, FEWEST_CELLS, PARAMETER_PIECES, PARAMETERS, TEXTS, VALUES } from './fields.ts';

const TIMEOUT_MS = 300;
const ONCE: AskOptions = { tries: 1 };
const TWICE: AskOptions = { tries: 2 };
const FACTS: SlowFacts = { keys: ['firmwareVersion', 'serialNumber'], first: 0, attempts: 3 };
/** About hourly at one poll a second; sooner while nothing was told. */
const LIMITS_EVERY = 3600;
const LIMITS_RETRY = 60;

interface Block {
  readonly first: number;
  readonly count: number;
}

export const hubbleAm2: BmsDriver = {
  id: 'hubble-am2',
  family: 'hubble-am2',
  name: 'Hubble AM2 and other PACE boards with Modbus',
  lines: [{ baudRate: 9600, gapMs: 100 }],
  addresses: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  limits: 'operating',
  answerMs: 50,

  accept: (asked) => acceptRegisters(asked),

  decode(asked, frame) {
    const data = blockOf(frame);
    const first = readNumber(asked, 2, 'u16be') ?? 0;
    if (first === VALUES.first) return decodeValues(data);
    if (first === TEXTS.first) return decodeTexts(data);
    return decodeParameters(data, first);
  },

  addressOf: ([address]) => address,

  async probe(link, address) {
    const values = assertPlausible(await read(link, address, VALUES, ONCE));
    const { soc, soh = 100, cellCount = 0, capacityRemaining = 0, capacityFull = 0 } = values;
    if (soc === undefined || soh < 1 || soh > 110)
      throw new ImplausibleError(`state of charge ${soc} %, state of health ${soh} %`);
    if (cellCount < FEWEST_CELLS) throw new ImplausibleError(`${cellCount} cells; this map has 8 to 16`);
    if (capacityRemaining > 1.1 * capacityFull)
      throw new ImplausibleError(`${capacityRemaining} Ah left of ${capacityFull} Ah`);
    // A map that holds something else than text here is not this one; a board may also have nothing here.
    const texts = await ifTold(read(link, address, TEXTS));
    return assemble(hubbleAm2, [
      values,
      texts === undefined ? {} : assertCarries(texts, ['firmwareVersion']),
    ]);
  },

  async poll(link, address, context) {
    const values = await read(link, address, VALUES);
    const texts = await slowFacts(FACTS, context, () => read(link, address, TEXTS));
    const { cycle, known } = context;
    const every = known.maxChargeVoltage === undefined ? LIMITS_RETRY : LIMITS_EVERY;
    const limits = cycle % every === 0 ? await readLimits(link, address) : {};
    if (cycle === 0 && limits.maxChargeVoltage === undefined)
      context.say?.('does not tell its limits (registers 60 to 114)');
    return assemble(hubbleAm2, [pick(known, [...LIMIT_KEYS, 'chemistry']), values, texts, limits]);
  },
};

function read(
  link: Exchange,
  address: number,
  { first, count }: Block,
  options: AskOptions = TWICE,
): Promise<Reading> {
  return inquire(hubbleAm2, link, readRegisters(address, first, count), TIMEOUT_MS, options);
}

/** The parameters in two blocks; in pieces where a block is refused. */
async function readLimits(link: Exchange, address: number): Promise<Reading> {
  const parts: Reading[] = [];
  for (const block of PARAMETERS) {
    const whole = await ifTold(read(link, address, block));
    if (whole !== undefined) {
      parts.push(whole);
      continue;
    }
    for (const piece of PARAMETER_PIECES) {
      if (piece.first < block.first || piece.first >= block.first + block.count) continue;
      parts.push((await ifTold(read(link, address, piece))) ?? {});
    }
  }
  const merged = assemble(hubbleAm2, parts);
  const voltages = present(parts.map((part) => part.maxChargeVoltage));
  return voltages.length > 1 ? { ...merged, maxChargeVoltage: chargeVoltage(voltages) } : merged;
}

/** The full-charge voltage of the second block, but never above the warning that the first one stays below. */
function chargeVoltage([belowWarning = 0, full = 0]: readonly number[]): number {
  return round(Math.min(full, belowWarning + BELOW_WARNING / 1000), 3);
}
