import type { PackReading } from '../../model/reading.ts';
import { round } from '../../model/round.ts';
import type { NumberAt } from '../../protocol/register-map.ts';
import { assemble, assertCarries, assertPlausible, type BmsDriver, planned, type Query } from '../driver.ts';
import { asksFor, cutToCells, readsMaps } from '../register-plan.ts';
import {
  ADDRESSES,
  ALONE,
  BLOCK,
  CHARGE_CLOSED_BY,
  DISCHARGE_CLOSED_BY,
  MAP,
  MAY_BE_FREEZING,
  PROTECTIONS_AT,
} from './fields.ts';

const { accept, addressOf, decode } = readsMaps({ 3: { ...MAP, also: fetsOf } });

const VALUES_QUERY: Query = { asks: asksFor(BLOCK.values), tries: 2 };
const IDENTITY_QUERY: Query = {
  asks: asksFor(BLOCK.identity),
  tells: ['model', 'firmwareVersion', 'serialNumber'],
  rarely: { first: 0, attempts: 3 },
};
const SETTINGS_QUERY: Query = {
  asks: asksFor(BLOCK.settings),
  name: 'voltage limits (registers 45 to 135)',
  tells: ['maxChargeVoltage', 'minDischargeVoltage'],
  rarely: { first: 1, attempts: 3, every: 3600 },
};

export const eg4Ll: BmsDriver = planned({
  id: 'eg4-ll',
  family: 'eg4-ll',
  name: 'EG4 LL',
  responder: async () => (await import('./responder.ts')).responder,
  reach: {
    serial: {
      lines: [
        { baudRate: 9600, gapMs: 100 },
        { baudRate: 19_200, gapMs: 100 },
      ],
      addresses: ADDRESSES,
      secondUsual: ALONE,
      answerMs: 100,
    },
  },
  sends: { reads: [/^(0[1-9a-f]|10)03/] },
  cells: { min: 4, max: 16 },
  chemistry: 'lfp',
  limits: 'operating',
  timeoutMs: 1000,
  queries: [VALUES_QUERY, IDENTITY_QUERY, SETTINGS_QUERY],
  probe: { tries: 1, timeoutMs: 300 },

  accept,
  addressOf,
  decode: (request, reply) => fittedSensors(inTheirSteps(decode(request, reply))),
  finish: cutToCells,

  prove: async (_talk, { reading }) =>
    assertCarries(assertPlausible(assemble(eg4Ll, [reading])), ['soc', 'cellVoltages']),
});

/** Of the packs with four cells some count their currents in 0.1 A, which shows in a limit of more than 500 A. */
function inTheirSteps(reading: PackReading): PackReading {
  const { cellCount, current, maxChargeCurrent = 0 } = reading;
  if (cellCount !== 4 || maxChargeCurrent <= 500 || current === undefined) return reading;
  return { ...reading, current: round(10 * current, 1), maxChargeCurrent: round(maxChargeCurrent / 10, 1) };
}

/** Behind the first sensor 0 mostly stands where none is fitted; it counts where it is cold enough to be true. */
function fittedSensors(reading: PackReading): PackReading {
  const [first = 0, ...others] = reading.temperatures ?? [];
  if (reading.temperatures === undefined || first < MAY_BE_FREEZING) return reading;
  return { ...reading, temperatures: [first, ...others.filter((degrees) => degrees !== 0)] };
}

function fetsOf(number: NumberAt): PackReading {
  const protections = number({ at: PROTECTIONS_AT, type: 'u16be' });
  if (protections === undefined) return {};
  const isOpen = (closedBy: readonly number[]): boolean => !closedBy.some((bit) => (protections >>> bit) & 1);
  return { chargeEnabled: isOpen(CHARGE_CLOSED_BY), dischargeEnabled: isOpen(DISCHARGE_CLOSED_BY) };
}
