import type { Outside } from './conversation.ts';

/** What tells the recordings apart, so that together they see more: by driver. */
export interface Kind {
  readonly outside?: readonly Outside[];
  readonly settings?: readonly string[];
  readonly chemistry?: string;
  readonly cells: number;
  /** Serial ports end the program when they vanish, network bridges are opened again. */
  readonly isTcp?: true;
  readonly stored?: Readonly<Record<string, string | number>>;
}

/** Float is a few mV below absorption, so that it is reached within minutes. */
const NEAR_FLOAT = 'charge.floatCellVoltage = 3.438';
/** Asked for before the charge that ends with it. */
const TOP_BALANCE: Outside = { at: 436, do: 'write', path: '/Settings/TopBalanceNow', type: 'i', value: 1 };
const PREDECESSOR = '/Settings/Devices/serialbattery_SIM000001';
const KINDS: Readonly<Record<string, Kind>> = {
  jbd: {
    cells: 16,
    settings: [NEAR_FLOAT],
    stored: { [`${PREDECESSOR}/ClassAndVrmInstance`]: 'battery:3', [`${PREDECESSOR}/CustomName`]: 'Shed' },
  },
  'jbd-up': { cells: 15, isTcp: true, settings: [NEAR_FLOAT] },
  daly: { cells: 8, settings: ['charge.profile = "soc-steps"'] },
  'daly-p81': { cells: 16, isTcp: true, settings: [NEAR_FLOAT], outside: [TOP_BALANCE] },
  'daly-d2': { cells: 16, settings: ['connection.graceMinutes = 0', 'limits.maxChargeCurrent = "auto"'] },
  jk: { cells: 16, settings: ['soc.socSource = "counter"', 'identity.customName = "House"'] },
  'jk-pb': {
    cells: 16,
    isTcp: true,
    settings: ['limits.maxDischargeCurrent = "auto"', 'charge.dailySocMax = 90'],
  },
  ant: { cells: 14, chemistry: 'nmc', settings: ['battery.chemistry = "nmc"'] },
  'ant-old': { cells: 16, settings: ['connection.blockOnDisconnect = true', 'battery.capacity = 48'] },
  'hubble-am2': { cells: 15, isTcp: true, settings: ['identity.deviceInstance = 12'] },
  pace: { cells: 16, settings: ['charge.voltageDrop = 0.3', 'limits.maxChargeCurrent = 5000'] },
  topbms: { cells: 15, isTcp: true, settings: ['charge.profile = "soc-steps"', 'battery.capacity = 50'] },
  pylontech: { cells: 15, settings: [NEAR_FLOAT, 'charge.rebulkSoc = 95'] },
};

export function kindOf(bms: string): Kind {
  return KINDS[bms] ?? { cells: 16 };
}
