import { setImmediate as turn } from 'node:timers/promises';
import type { ChargeState, ControlSettings } from '../../control/law.ts';
import type { BankReading } from '../../model/reading.ts';
import { Plant } from '../../simulator/plant/plant.ts';
import type { Scenario } from '../../simulator/trials/scenario.ts';
import { VirtualBattery } from '../limits/virtual-battery.ts';
import { alarmText, causeOf, type NamedSpan, Timeline } from './causes.ts';

/** Least and greatest value within a stretch of time. */
export interface Extent {
  low: number;
  high: number;
}

const TRACES = [
  'lowestCell',
  'highestCell',
  'spread',
  'voltage',
  'cvl',
  'current',
  'ccl',
  'dcl',
  'soc',
  'coldest',
  'warmest',
] as const;
export type Trace = (typeof TRACES)[number];

/** What happened in one stretch of a simulated day. */
export interface Stretch {
  /** Seconds since the start, of its middle. */
  readonly t: number;
  readonly values: Readonly<Record<Trace, Extent>>;
}

export interface ChargeSpan {
  readonly state: ChargeState;
  /** Seconds since the start. */
  readonly from: number;
  readonly to: number;
}

export interface Day {
  readonly scenario: Scenario;
  readonly settings: ControlSettings;
  readonly hours: number;
  readonly stretches: readonly Stretch[];
  readonly states: readonly ChargeSpan[];
  /** What limited charge and discharge, and the alarms, each as long as it lasted. */
  readonly causes: Readonly<Record<'charge' | 'discharge' | 'alarms', readonly NamedSpan[]>>;
  /** Number (from 1) of the cell that ran ahead for most of the time in which one did. */
  readonly runner?: number;
}

/** As many as a drawing has room for. */
const STRETCHES = 720;
const POLL_S = 1;
/** A cell nearer than this to the mean is not ahead of the others, V. */
const RUNNER_V = 0.005;
/** Simulated seconds between two looks at the world outside. */
const BREATH_S = 600;

/**
 * A plant with its chargers and DVCC under the charge control, in virtual time: no line and no bus in between. Until the
 * control speaks, chargers give no current. Ends early when the signal aborts.
 */
export async function simulateDay(
  scenario: Scenario,
  settings: ControlSettings,
  hours: number,
  signal?: AbortSignal,
): Promise<Day> {
  const plant = new Plant({ ...scenario, chargeCurrent: scenario.chargeCurrent ?? 0 });
  const battery = new VirtualBattery(settings);
  const seconds = Math.round(hours * 3600);
  const length = Math.max(POLL_S, seconds / STRETCHES);
  const stretches: Stretch[] = [];
  const timelines = {
    charge: new Timeline(length),
    discharge: new Timeline(length),
    alarms: new Timeline(length),
  };
  const ahead = new Map<number, number>();
  const states: { state: ChargeState; from: number; to: number }[] = [];
  for (let t = 0; t < seconds && signal?.aborted !== true; t += POLL_S) {
    if (t % BREATH_S === 0) await turn();
    const reading = plant.truth();
    const { output } = battery.step(t, reading);
    if (output !== undefined) {
      plant.publish(output);
      const index = Math.floor(t / length);
      const now = valuesOf(reading, output);
      const stretch = stretches.at(-1);
      if (stretch === undefined || stretch.t < index * length) {
        stretches.push({ t: (index + 0.5) * length, values: opened(now) });
      } else widen(stretch.values, now);
      timelines.charge.note(t, causeOf(output.chargeReason), POLL_S);
      timelines.discharge.note(t, causeOf(output.dischargeReason), POLL_S);
      timelines.alarms.note(t, alarmText(output.alarms), POLL_S);
      const cell = cellAhead(reading);
      if (cell !== undefined) ahead.set(cell, (ahead.get(cell) ?? 0) + 1);
      const span = states.at(-1);
      if (span?.state === output.state) span.to = t + POLL_S;
      else states.push({ state: output.state, from: t, to: t + POLL_S });
    }
    plant.step(POLL_S);
  }
  const { alarms, charge, discharge } = timelines;
  const causes = { charge: charge.spans, discharge: discharge.spans, alarms: alarms.spans };
  const runner = mostOften(ahead);
  return {
    scenario,
    settings,
    hours,
    stretches,
    states,
    causes,
    ...(runner !== undefined && { runner }),
  };
}

/** The cell that stands clearly above the mean of a single pack, from 1. */
function cellAhead({ cellVoltages = [], modules }: BankReading): number | undefined {
  if (modules !== undefined || cellVoltages.length === 0) return undefined;
  const highest = Math.max(...cellVoltages);
  const mean = cellVoltages.reduce((sum, volts) => sum + volts, 0) / cellVoltages.length;
  return highest - mean < RUNNER_V ? undefined : cellVoltages.indexOf(highest) + 1;
}

function mostOften(counts: ReadonlyMap<number, number>): number | undefined {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  return [...counts].find(([, count]) => count > total / 2)?.[0];
}

type Values = Readonly<Record<Trace, number>>;

function valuesOf(
  reading: BankReading,
  { cvl, ccl, dcl }: { readonly cvl: number; readonly ccl: number; readonly dcl: number },
): Values {
  const packs = reading.modules ?? [reading];
  const cells = packs.flatMap(({ cellVoltages }) => cellVoltages ?? []);
  const temperatures = packs.flatMap((pack) => pack.temperatures ?? []);
  const [lowestCell, highestCell] = [Math.min(...cells), Math.max(...cells)];
  return {
    lowestCell,
    highestCell,
    spread: Math.round(1000 * (highestCell - lowestCell)),
    voltage: reading.voltage ?? Number.NaN,
    cvl,
    current: reading.current ?? Number.NaN,
    ccl,
    dcl,
    soc: reading.soc ?? Number.NaN,
    coldest: Math.min(...temperatures),
    warmest: Math.max(...temperatures),
  };
}

function opened(now: Values): Record<Trace, Extent> {
  const at = (trace: Trace): Extent => ({ low: now[trace], high: now[trace] });
  return {
    lowestCell: at('lowestCell'),
    highestCell: at('highestCell'),
    spread: at('spread'),
    voltage: at('voltage'),
    cvl: at('cvl'),
    current: at('current'),
    ccl: at('ccl'),
    dcl: at('dcl'),
    soc: at('soc'),
    coldest: at('coldest'),
    warmest: at('warmest'),
  };
}

function widen(values: Readonly<Record<Trace, Extent>>, now: Values): void {
  for (const trace of TRACES) {
    const extent = values[trace];
    extent.low = Math.min(extent.low, now[trace]);
    extent.high = Math.max(extent.high, now[trace]);
  }
}
