import type { PackReading } from '../../model/reading.ts';
import { round } from '../../model/round.ts';
import type { Accept } from '../../protocol/accept.ts';
import { readNumber } from '../../protocol/bytes.ts';
import { present, presentKeys } from '../../protocol/fields.ts';
import { acceptRegisters, EXCEPTION_FLAG, readRegisters } from '../../protocol/modbus.ts';
import { type NumberAt, reg } from '../../protocol/register-map.ts';
import { blockOf } from '../../protocol/registers.ts';
import {
  ALL_ALARMS,
  assertCarries,
  assertPlausible,
  type BmsDriver,
  LIMIT_KEYS,
  makeUp,
  type Poll,
  planned,
  type Query,
} from '../driver.ts';
import { asksFor, asksForOneOf, cutToCells, readsMaps } from '../register-plan.ts';
import {
  ADDRESSES,
  BLOCK,
  BOARD,
  BOARD_OFFSET,
  CELL_LIMITS,
  CELLS_START,
  CHEMISTRY,
  DATE,
  HARDWARE,
  MAP,
  MOST_CELLS,
  SERIAL,
  STATES,
} from './fields.ts';

const PROBE = { tries: 1, timeoutMs: 400 } as const;
const { accept, addressOf, decode } = readsMaps({ 3: { ...MAP, also } });

const VALUES_QUERY: Query = { asks: asksFor(BLOCK.values), tries: 3 };
/** As many registers as the pack has cells; an answer that does not make up its voltage is one to something else. */
const cellsQuery = (pack: (poll: Poll) => PackReading): Query => ({
  asks: (address, _, poll) => {
    const { cellCount = 0 } = pack(poll);
    return readRegisters(address, CELLS_START, Math.max(1, Math.min(MOST_CELLS, cellCount)));
  },
  accept: (request, poll) => acceptCells(request, pack(poll)),
  tries: 3,
});
const CELLS_QUERY = cellsQuery(({ told }) => told);
const CHARGE_QUERY: Query = { asks: asksFor(BLOCK.charge), tries: 3 };
const TEMPERATURES_QUERY: Query = {
  asks: asksFor(BLOCK.temperatures),
  name: 'temperatures (registers 112 and 113)',
  tells: ['temperatures', 'mosfetTemperature'],
  optional: {},
};
const STATES_QUERY: Query = {
  asks: asksForOneOf(STATES),
  name: 'alarms and switches (registers 139 to 157)',
  optional: ALL_ALARMS,
};
const FULL_QUERY: Query = {
  asks: asksFor(BLOCK.full),
  tells: ['capacityFull'],
  rarely: { first: 0, attempts: 3, every: 600 },
};
const IDENTITY_QUERY: Query = {
  asks: asksFor(BLOCK.identity),
  tells: ['model', 'hardwareVersion', 'serialNumber', 'productionDate'],
  rarely: { first: 0, attempts: 3, until: ['model'] },
  instead: [{ asks: asksFor(BLOCK.model) }],
};
const LIMITS_QUERY: Query = {
  asks: asksFor(BLOCK.limits),
  name: 'trip points (registers 169 to 194)',
  tells: LIMIT_KEYS,
  rarely: { first: 1, attempts: 3, every: 3600 },
  decode: (request, reply, { told }) => ({
    ...decode(request, reply),
    ...packLimits(blockOf(reply), told.cellCount ?? 0),
  }),
};

export const heltecModbus: BmsDriver = planned({
  id: 'heltec-modbus',
  family: 'heltec-modbus',
  name: 'Heltec SmartBMS (Modbus)',
  responder: async () => (await import('./responder.ts')).responder,
  reach: { serial: { lines: [{ baudRate: 9600, gapMs: 30 }], addresses: ADDRESSES, answerMs: 100 } },
  sends: { reads: [/^..03/] },
  cells: { min: 3, max: MOST_CELLS },
  limits: 'trip',
  timeoutMs: 400,
  queries: [
    VALUES_QUERY,
    CELLS_QUERY,
    CHARGE_QUERY,
    TEMPERATURES_QUERY,
    STATES_QUERY,
    FULL_QUERY,
    IDENTITY_QUERY,
    LIMITS_QUERY,
  ],
  probe: PROBE,
  accept,
  addressOf,
  decode,
  finish: cutToCells,

  async prove(talk, { reading }) {
    const pack = assertPlausible(assertCarries(reading, ['cellCount', 'voltage']));
    const ofPack = cellsQuery(() => pack);
    const cells = await talk.ask(ofPack, PROBE);
    const charge = await talk.ask(CHARGE_QUERY, PROBE);
    return assertPlausible({ ...cells.reading, ...pack, ...charge.reading });
  },
});

function acceptCells(request: Uint8Array, { voltage }: PackReading): Accept {
  const acceptBlock = acceptRegisters(request);
  return (received) => {
    const verdict = acceptBlock(received);
    if (typeof verdict !== 'number' || ((received[1] ?? 0) & EXCEPTION_FLAG) !== 0) return verdict;
    const { cellVoltages = [] } = decode(request, received.subarray(0, verdict));
    if (voltage === undefined || makeUp(cellVoltages, voltage)) return verdict;
    return { refused: 'command', why: `no cells that make up the ${voltage} V of this pack` };
  };
}

/** Trip points of all cells together; 0 is not set. */
function packLimits(block: Uint8Array, cells: number): PackReading {
  const volts = ({ at, type, scale }: (typeof CELL_LIMITS)['high' | 'low']): number | undefined => {
    const raw = readNumber(block, at - reg(BLOCK.limits.start), type) ?? 0;
    return raw === 0 || cells === 0 ? undefined : round(raw * cells * scale, 3);
  };
  return presentKeys({
    maxChargeVoltage: volts(CELL_LIMITS.high),
    minDischargeVoltage: volts(CELL_LIMITS.low),
  });
}

function also(number: NumberAt): PackReading {
  const board = present(BOARD.map(number)).map((raw) => raw + BOARD_OFFSET);
  const groups = present(SERIAL.map(number));
  const isNumber = groups.length === SERIAL.length && groups.some((group) => group !== 0 && group !== 0xffff);
  return presentKeys({
    mosfetTemperature: board.length === 0 ? undefined : Math.max(...board),
    chemistry: CHEMISTRY.kinds[number(CHEMISTRY) ?? -1],
    hardwareVersion: number(HARDWARE)?.toString(),
    serialNumber: isNumber ? groups.map((group) => group.toString(16).padStart(4, '0')).join('-') : undefined,
    productionDate: dateOf(present(DATE.map(number))),
  });
}

function dateOf([year = 0, day = 0, month = 0]: readonly number[]): string | undefined {
  if (year < 2000 || year > 2099 || month < 1 || month > 12 || day < 1 || day > 31) return undefined;
  return [year, month, day].map((part) => part.toString().padStart(2, '0')).join('-');
}
