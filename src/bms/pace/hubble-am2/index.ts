import { ImplausibleError } from '../../../errors.ts';
import { round } from '../../../model/round.ts';
import { readNumber } from '../../../protocol/bytes.ts';
import { present } from '../../../protocol/fields.ts';
import { acceptRegisters, readRegisters } from '../../../protocol/modbus.ts';
import { blockOf } from '../../../protocol/registers.ts';
import {
  assemble,
  assertCarries,
  assertPlausible,
  type BmsDriver,
  ifTold,
  LIMIT_KEYS,
  pick,
  planned,
  type Query,
} from '../../driver.ts';
import { decodeParameters, decodeTexts, decodeValues } from './decode.ts';
import {
  BELOW_WARNING,
  CELL_PLACES,
  FEWEST_CELLS,
  PARAMETER_PIECES,
  PARAMETERS,
  TEXTS,
  VALUES,
} from './fields.ts';

interface Block {
  readonly first: number;
  readonly count: number;
}

const query = ({ first, count }: Block): Query => ({
  asks: (address) => readRegisters(address, first, count),
  tries: 2,
});
const VALUES_QUERY = query(VALUES);
const TEXTS_QUERY: Query = {
  ...query(TEXTS),
  tells: ['firmwareVersion', 'serialNumber'],
  rarely: { first: 0, attempts: 3 },
};
/** The parameters in two blocks; in pieces where a block is refused. About hourly, sooner while nothing was told. */
const LIMITS_QUERIES = PARAMETERS.map(
  (block): Query => ({
    ...query(block),
    tells: [...LIMIT_KEYS, 'chemistry'],
    rarely: { first: 0, every: 3600, retry: 60, until: ['maxChargeVoltage'] },
    partly: true,
    instead: PARAMETER_PIECES.filter(
      ({ first }) => first >= block.first && first < block.first + block.count,
    ).map(query),
    missed: ['maxChargeVoltage'],
    ...(block === PARAMETERS.at(-1) && { name: 'limits (registers 60 to 114)' }),
  }),
);
const LIMITS_ANSWERS = LIMITS_QUERIES.flatMap((block) => [block, ...(block.instead ?? [])]);

export const hubbleAm2: BmsDriver = planned({
  id: 'hubble-am2',
  family: 'hubble-am2',
  name: 'Hubble AM2 and other PACE boards with Modbus',
  responder: async () => (await import('./responder.ts')).responder,
  reach: {
    serial: {
      lines: [{ baudRate: 9600, gapMs: 100 }],
      addresses: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
      answerMs: 50,
    },
  },
  sends: { reads: [/^..03/] },
  cells: { min: FEWEST_CELLS, max: CELL_PLACES },
  limits: 'operating',
  timeoutMs: 300,
  queries: [VALUES_QUERY, TEXTS_QUERY, ...LIMITS_QUERIES],
  probe: { tries: 1 },

  accept: (asked) => acceptRegisters(asked),

  decode(asked, frame) {
    const data = blockOf(frame);
    const first = readNumber(asked, 2, 'u16be') ?? 0;
    if (first === VALUES.first) return decodeValues(data);
    if (first === TEXTS.first) return decodeTexts(data);
    return decodeParameters(data, first);
  },

  addressOf: ([address]) => address,

  async prove(talk, { reading }) {
    const values = assertPlausible(reading);
    const { soc, soh = 100, cellCount = 0, capacityRemaining = 0, capacityFull = 0 } = values;
    if (soc === undefined || soh < 1 || soh > 110)
      throw new ImplausibleError(`state of charge ${soc} %, state of health ${soh} %`);
    if (cellCount < FEWEST_CELLS) throw new ImplausibleError(`${cellCount} cells; this map has 8 to 16`);
    if (capacityRemaining > 1.1 * capacityFull)
      throw new ImplausibleError(`${capacityRemaining} Ah left of ${capacityFull} Ah`);
    // A map that holds something else than text here is not this one; a board may also have nothing here.
    const texts = await ifTold(talk.ask(TEXTS_QUERY));
    return assemble(hubbleAm2, [
      values,
      texts === undefined ? {} : assertCarries(texts.reading, ['firmwareVersion']),
    ]);
  },

  /** The thresholds tell the chemistry better than the count of cells. */
  together(poll) {
    const parts = LIMITS_ANSWERS.map((part) => poll.now(part)?.reading ?? {});
    const voltages = present(parts.map((part) => part.maxChargeVoltage));
    return {
      ...pick(assemble(hubbleAm2, parts), ['chemistry']),
      ...(voltages.length > 1 && { maxChargeVoltage: chargeVoltage(voltages) }),
    };
  },
});

/** The full-charge voltage of the second block, but never above the warning that the first one stays below. */
function chargeVoltage([belowWarning = 0, full = 0]: readonly number[]): number {
  return round(Math.min(full, belowWarning + BELOW_WARNING / 1000), 3);
}
