import type { PackReading } from '../model/reading.ts';
import { type Measured, measure } from './input/measure.ts';
import { filterReading, initialFilter } from './input/reading-filter.ts';
import { heatOf } from './input/sensor-faults.ts';
import { NO_SENSORS, watchSensors } from './input/sensors.ts';
import type { ControlInput, ControlLaw, ControlOutput, ControlSettings, Step } from './law.ts';

/** Settings and readings of the worked examples: 16 LFP cells of 280 Ah at 25 degC. */
export const SETTINGS: ControlSettings = {
  profile: 'adaptive',
  chemistry: 'lfp',
  rebulkSoc: 90,
  fullChargeDays: 14,
  topBalanceDays: 0,
  dailySocMax: 100,
  socSource: 'bms',
  voltageDrop: 0,
  blockOnDisconnect: false,
  graceMinutes: 10,
  honourBmsLimits: true,
  bmsLimits: 'operating',
  invertCurrent: false,
};

/** A reading of `count` equal cells, with whatever differs. */
export function pack(cell: number, differing: Partial<PackReading> = {}, count = 16): PackReading {
  const cellVoltages = Array.from({ length: count }, () => cell);
  return {
    voltage: cell * count,
    current: 0,
    soc: 50,
    capacityFull: 280,
    cellCount: count,
    cellVoltages,
    temperatures: [25, 25],
    chargeEnabled: true,
    dischargeEnabled: true,
    alarms: {},
    ...differing,
  };
}

/** The cells of a pack of which one differs. */
export function withCell(cell: number, odd: number, count = 16): number[] {
  return Array.from({ length: count }, (_, index) => (index === 2 ? odd : cell));
}

/** A law in virtual time, for tests. */
export class Bench<State> {
  readonly law: ControlLaw<State>;
  readonly settings: ControlSettings;
  state: State;
  t = 0;
  last: Step<State> | undefined;

  constructor(law: ControlLaw<State>, settings: ControlSettings) {
    this.law = law;
    this.settings = settings;
    this.state = law.initial(settings);
  }

  /** One step, `dt` seconds after the one before. */
  step(input: Omit<ControlInput, 't'>, dt = 1): ControlOutput {
    const output = this.try(input, dt).output;
    if (output === undefined) throw new Error('no output yet');
    return output;
  }

  try(input: Omit<ControlInput, 't'>, dt = 1): Step<State> {
    if (this.last !== undefined) this.t += dt;
    this.last = this.law.step(this.settings, this.state, { ...input, t: this.t });
    this.state = this.last.state;
    return this.last;
  }

  /** The same reading for some seconds. */
  run(reading: PackReading | undefined, seconds: number, requests?: ControlInput['requests']): ControlOutput {
    const input = {
      ...(reading === undefined ? {} : { reading }),
      ...(requests === undefined ? {} : { requests }),
    };
    for (let second = 1; second < seconds; second++) this.step(input);
    return this.step(input);
  }
}

/** What the law makes of a first reading. */
export function seenOf(reading: PackReading, settings: ControlSettings = SETTINGS): Measured {
  const { sample, rejected } = filterReading(settings, initialFilter(), reading);
  if (sample === undefined) throw new Error(rejected);
  const heat = heatOf(watchSensors(NO_SENSORS, sample.reading.temperatures ?? [], 0));
  return measure(settings, undefined, sample, heat, 0, 0);
}
