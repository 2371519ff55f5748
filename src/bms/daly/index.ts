import { ImplausibleError } from '../../errors.ts';
import type { PackReading } from '../../model/reading.ts';
import {
  assemble,
  assertPlausible,
  type BmsDriver,
  ifTold,
  type Poll,
  planned,
  type Query,
  type Talk,
  type Turn,
  turnOf,
} from '../driver.ts';
import { BLUETOOTH } from './bluetooth.ts';
import { decode, decodeTemperatures, finish } from './decode.ts';
import { assertCellsFit } from './faults.ts';
import { CELLS_PER_FRAME, COMMAND, SENSOR_COUNT_AT, SENSORS_PER_FRAME } from './fields.ts';
import { acceptFrames, BOARDS, boardOf, capturedForm, dataOf, formsOf, idOf, request } from './frame.ts';

const TWICE = { tries: 2 } as const;
/** A foreign request that contained A5 leaves the board waiting for the rest of a frame; silence makes it forget. */
const PROBE = { gapMs: 200 } as const;
/** 0x93 was seen to follow a switch within a second. */
const CONFIRM = { tries: 2, gapMs: 250 } as const;
/** Two readings of the pack voltage this near prove a board that tells nothing else, V. */
const SAME_VOLTAGE = 2;

/** In the forms that this board may want, to the host that it answered before: every fill byte. */
const asks = (command: number): Query['asks'] => {
  return (board, usual) =>
    formsOf(board, usual).map((form) => ({ id: idOf(form), request: request(board, command, [], form) }));
};
/** How many frames an answer has. */
const frames = (values: number | undefined, perFrame: number): number | undefined =>
  values === undefined ? undefined : Math.ceil(values / perFrame);

const PACK_QUERY: Query = { asks: asks(COMMAND.pack), tries: 3 };
/** Cells and sensors are counted anew now and then. A board that does not tell is read as a log without counts is. */
const COUNTS_QUERY: Query = {
  asks: asks(COMMAND.counts),
  tries: 3,
  name: 'counts of cells and sensors, and cycles (0x94)',
  tells: ['cellCount', 'cycles'],
  optional: {
    every: 30,
    lasting: true,
    toldBy: (poll) => poll.known.cellCount !== undefined && poll.last(COUNTS_QUERY) !== undefined,
  },
};
/** At the second poll, so that the first is quick, and then about hourly at one poll a second. */
const fact = (command: number, tells: readonly (keyof PackReading)[], name?: string): Query => ({
  asks: asks(command),
  ...TWICE,
  tells,
  rarely: { first: 1, every: 3600, attempts: 3 },
  confirmed: 'reading',
  ...(name !== undefined && { name }),
});
/** Balancing changes slowly. */
const BALANCING_QUERY: Query = {
  asks: asks(COMMAND.balancing),
  name: 'balancing (0x97)',
  tells: ['cellBalancing', 'balancing'],
  optional: { minor: true, every: 5 },
};
const STATE_QUERY: Query = {
  asks: asks(COMMAND.state),
  name: 'switches and remaining capacity (0x93)',
  tells: ['chargeEnabled'],
  optional: {},
};
const FAULTS_QUERY: Query = {
  asks: asks(COMMAND.faults),
  name: 'alarms (0x98)',
  optional: {
    toldBy: ({ known }) => known.alarms?.highCellVoltage !== undefined,
    alarms: (alarms) => alarms,
  },
};
const CELLS_QUERY: Query = {
  asks: asks(COMMAND.cells),
  name: 'cell voltages (0x95)',
  tells: ['cellVoltages'],
  optional: {},
  only: ({ told }) => told.cellCount !== 0,
  accept: (asked, { told }) => acceptFrames(asked, frames(told.cellCount, CELLS_PER_FRAME)),
};
const SENSORS_QUERY: Query = {
  asks: asks(COMMAND.temperatures),
  name: 'temperatures (0x96)',
  tells: ['temperatures'],
  optional: {},
  only: (poll) => sensorsOf(poll) !== 0,
  accept: (asked, poll) => acceptFrames(asked, frames(sensorsOf(poll), SENSORS_PER_FRAME)),
  decode: (_asked, reply, poll) => decodeTemperatures(reply, sensorsOf(poll)),
};

/** Sensors: the one count that a reading does not carry. */
function sensorsOf(poll: Poll): number | undefined {
  const counts = poll.told.cellCount === undefined ? undefined : poll.last(COUNTS_QUERY);
  return counts && (dataOf(counts.reply)[SENSOR_COUNT_AT] ?? 0);
}

/** On or off, and what fills the data bytes that say nothing. */
const SWITCH_FRAMES = (command: string): RegExp[] => [
  new RegExp(`^a5(4.|80)${command}080[01]((00){7}|(aa){7})`),
];

/** Daly "smart BMS" with 13-byte frames on UART and RS485. */
export const daly: BmsDriver = planned({
  id: 'daly',
  family: 'daly',
  name: 'Daly',
  responder: async () => (await import('./responder.ts')).responder,
  reach: {
    serial: { lines: [{ baudRate: 9600, gapMs: 50 }], addresses: BOARDS, answerMs: 70, rank: 'common' },
    bluetooth: BLUETOOTH,
  },
  sends: {
    // The data of a read says nothing; board 1 is also asked as the app asks it.
    reads: [/^a5(4.|80)(50|57|5a|9[0-8])08(0000000000000000|aaaaaaaaaaaaaaaa)/],
    switches: { charge: SWITCH_FRAMES('da'), discharge: SWITCH_FRAMES('d9') },
  },
  limits: 'trip',
  timeoutMs: 300,
  queries: [
    PACK_QUERY,
    COUNTS_QUERY,
    fact(COMMAND.ratings, ['capacityDesign'], 'design capacity (0x50)'),
    fact(COMMAND.batteryCode, ['serialNumber']),
    fact(COMMAND.packLimits, ['maxChargeVoltage', 'minDischargeVoltage'], 'trip voltages (0x5A)'),
    BALANCING_QUERY,
    STATE_QUERY,
    FAULTS_QUERY,
    CELLS_QUERY,
    SENSORS_QUERY,
  ],
  probe: PROBE,

  accept: (asked) => acceptFrames(asked),
  addressOf: boardOf,
  decode,
  finish,

  async prove(talk, { reading: pack }) {
    const proof = await secondProof(talk, pack);
    const reading = assertPlausible(assemble(daly, [pack, proof]));
    return reading.cellCount === undefined ? reading : assertCellsFit(reading);
  },

  switches: {
    charge: turnFet(COMMAND.chargeFet, 'chargeEnabled'),
    discharge: turnFet(COMMAND.dischargeFet, 'dischargeEnabled'),
  },
});

/**
 * A sum of eight bits proves little, so that a probe wants a second answer: the counts, else the cells, which must make up the
 * pack voltage, else the pack again. Throws an ImplausibleError when the pack is another one then.
 */
async function secondProof(talk: Talk, pack: PackReading): Promise<PackReading> {
  const proof = (await ifTold(talk.ask(COUNTS_QUERY, TWICE))) ?? (await ifTold(talk.ask(CELLS_QUERY, TWICE)));
  if (proof !== undefined) return proof.reading;
  const { reading: again } = await talk.ask(PACK_QUERY, TWICE);
  if (Math.abs((again.voltage ?? 0) - (pack.voltage ?? 0)) > SAME_VOLTAGE || !pack.voltage)
    throw new ImplausibleError(`pack voltage ${pack.voltage} V, then ${again.voltage} V`);
  return again;
}

/** Writes the captured frame; where it stays silent, the form in which this board answers. */
function turnFet(command: number, key: 'chargeEnabled' | 'dischargeEnabled'): Turn {
  const write = (state: number): Query => ({
    asks: (board, usual) =>
      [capturedForm(board), ...formsOf(board, usual).filter((form) => idOf(form) === usual)].map((form) => ({
        id: idOf(form),
        request: request(board, command, [state], form),
      })),
    ...TWICE,
    writes: true,
  });
  const [off, on] = [write(0), write(1)];
  return turnOf({ write: (isOn) => (isOn ? on : off), shownBy: STATE_QUERY, key, how: CONFIRM });
}
