import { ImplausibleError } from '../../errors.ts';
import { type Alarms, mergeAlarms } from '../../model/alarms.ts';
import { mergeReadings, type PackReading } from '../../model/reading.ts';
import { round } from '../../model/round.ts';
import { readNumber } from '../../protocol/bytes.ts';
import { present, presentKeys } from '../../protocol/fields.ts';
import { readRegisters } from '../../protocol/modbus.ts';
import { type NumberAt, reg, type Word } from '../../protocol/register-map.ts';
import { blockOf } from '../../protocol/registers.ts';
import {
  assertCarries,
  assertPlausible,
  type BmsDriver,
  makeUp,
  type Poll,
  pick,
  planned,
  type Query,
} from '../driver.ts';
import { asksFor, asksForOneOf, readsMaps } from '../register-plan.ts';
import {
  BALANCER,
  BALANCING_ABOVE,
  CELL,
  CHARGE,
  CLOSED,
  CURRENT,
  CURRENTS,
  DEVICE,
  FIRST_MODULE,
  IDENTITY,
  METER,
  METER_MAP,
  METERS,
  MODULE,
  MOST_CELLS,
  SERIAL,
  SETTINGS,
  SETTINGS_PIECES,
  STATE,
  TEMPERATURES,
  VALUES,
} from './fields.ts';

const PROBE = { tries: 1, timeoutMs: 300 } as const;
const { accept, decode } = readsMaps({ 3: { ...METER_MAP, also } });

const VALUES_QUERY: Query = { asks: asksForOneOf(VALUES), tries: 2 };
const CURRENT_QUERY: Query = {
  asks: asksFor(CURRENT),
  tries: 2,
  only: ({ told }) => told.current === undefined,
};
const STATE_QUERY: Query = { asks: asksFor(STATE), tries: 2 };
const TEMPERATURES_QUERY: Query = {
  asks: asksFor(TEMPERATURES),
  name: 'temperatures (registers 102 and 103)',
  tells: ['temperatures'],
  optional: {},
};
const SETTINGS_QUERY: Query = {
  asks: asksFor(SETTINGS),
  name: 'largest currents (registers 30 and 31)',
  tells: ['capacityFull', 'maxChargeCurrent', 'maxDischargeCurrent'],
  rarely: { first: 1, attempts: 3, every: 3600 },
  instead: SETTINGS_PIECES.map((piece): Query => ({ asks: asksFor(piece) })),
  missed: ['maxChargeCurrent'],
};
const IDENTITY_QUERY: Query = {
  asks: asksForOneOf(IDENTITY),
  tells: ['serialNumber'],
  rarely: { first: 0, attempts: 3 },
};
/** One module after the other, until one that was never there is silent. What they tell counts together only. */
const CELL_QUERIES: readonly Query[] = Array.from({ length: MOST_CELLS }, (_, index) => ({
  asks: () => readRegisters(FIRST_MODULE + index, MODULE.start, MODULE.count),
  name: `cell ${index + 1}`,
  optional: { toldBy: ({ known }) => (known.cellCount ?? 0) > index },
  only: (poll) => index < (poll.known.cellCount ?? MOST_CELLS) && cellsOf(poll).length === index,
  decode: (_request, reply, { told }) => {
    blockOf(reply);
    return pick(told, ['voltage']);
  },
}));

export const ecsLipro: BmsDriver = planned({
  id: 'ecs-lipro',
  family: 'ecs-lipro',
  name: 'ECS GreenMeter with LiPro',
  responder: async () => (await import('./responder.ts')).responder,
  reach: {
    serial: { lines: [{ baudRate: 19_200, parity: 'even', gapMs: 20 }], addresses: [METER], answerMs: 30 },
  },
  sends: { reads: [/^..03/] },
  cells: { min: 3, max: MOST_CELLS },
  limits: 'trip',
  // The answer to one form would come late to another, so a slow meter has its time.
  timeoutMs: 1000,
  queries: [
    VALUES_QUERY,
    CURRENT_QUERY,
    STATE_QUERY,
    TEMPERATURES_QUERY,
    IDENTITY_QUERY,
    SETTINGS_QUERY,
    ...CELL_QUERIES,
  ],
  probe: PROBE,
  accept,

  /** Modules have other registers than the meter, and only all of them together tell the cells of a pack. */
  decode: (request, reply) => {
    const told = decode(request, reply);
    // Modbus does not echo the register: numbers of another block are no temperatures.
    if (told.temperatures?.length === 0) throw new ImplausibleError('temperatures that no pack can have');
    return request[0] === METER ? told : {};
  },

  async prove(talk, { reading }) {
    const { reply } = await talk.ask(IDENTITY_QUERY, PROBE);
    const device = readNumber(blockOf(reply), DEVICE.at, DEVICE.type) ?? 0;
    if (!METERS.includes(device)) throw new ImplausibleError(`device ${device} is no GreenMeter`);
    const current = reading.current === undefined ? await talk.ask(CURRENT_QUERY, PROBE) : undefined;
    const state = await talk.ask(STATE_QUERY, PROBE);
    const meter = { ...reading, ...current?.reading, ...state.reading };
    return assertPlausible(assertCarries(meter, ['voltage', 'current', 'soc']));
  },

  /** The cells as soon as all of them have told and make up the voltage of the meter. */
  together(poll) {
    const cells = cellsOf(poll);
    const cellVoltages = cells.map(({ volts }) => volts);
    const cellBalancing = cells.map(({ balances }) => balances);
    if (cells.length < 3 || !makeUp(cellVoltages, poll.told.voltage ?? 0)) return {};
    return { cellCount: cells.length, cellVoltages, cellBalancing, balancing: cellBalancing.includes(true) };
  },
});

interface Cell {
  readonly volts: number;
  readonly balances: boolean;
}

/** What the modules have told in this poll. */
function cellsOf(poll: Poll): Cell[] {
  return present(CELL_QUERIES.map((query) => poll.now(query))).map(({ reply }) => {
    const block = blockOf(reply);
    const number = ({ at, type }: Word): number => readNumber(block, at - reg(MODULE.start), type) ?? 0;
    return { volts: round(number(CELL) * CELL.scale, 3), balances: number(BALANCER) > BALANCING_ABOVE };
  });
}

function also(number: NumberAt): PackReading {
  const [low, high] = CHARGE.map(number);
  const [out, into] = CURRENTS.map(number);
  const serial = number(SERIAL);
  const thousandths =
    low === undefined || high === undefined ? undefined : low + (high === 0xffff ? 0 : 0x10000 * high);
  return {
    ...presentKeys({
      soc: thousandths === undefined ? undefined : round(thousandths / 1000, 1),
      maxDischargeCurrent: out === undefined ? undefined : Math.abs(out),
      maxChargeCurrent: into === undefined ? undefined : Math.abs(into),
      serialNumber: serial === 0 || serial === 0xffffffff ? undefined : serial?.toString(),
    }),
    ...closedOf(number),
  };
}

/** Each way is open, or closed for a reason. */
function closedOf(number: NumberAt): PackReading {
  const ways = CLOSED.flatMap(({ key, reasons, ...word }): PackReading[] => {
    const told = number(word);
    if (told === undefined) return [];
    const alarms = reasons.map(({ alarm, code, level }): Alarms => ({ [alarm]: told === code ? level : 0 }));
    return [{ [key]: told === 0, alarms: alarms.reduce(mergeAlarms) }];
  });
  return mergeReadings(...ways);
}
