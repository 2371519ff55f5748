import { setImmediate as turn } from 'node:timers/promises';
import type { ChargeState, ControlSettings } from '../../control/law.ts';
import type { Reading } from '../../model/reading.ts';
import { Plant } from '../../simulator/plant/plant.ts';
import type { Scenario } from '../../simulator/trials/scenario.ts';
import { VirtualBattery } from '../limits/virtual-battery.ts';

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
}

/** As many as a drawing has room for. */
const STRETCHES = 720;
const POLL_S = 1;
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
      const span = states.at(-1);
      if (span?.state === output.state) span.to = t + POLL_S;
      else states.push({ state: output.state, from: t, to: t + POLL_S });
    }
    plant.step(POLL_S);
  }
  return { scenario, settings, hours, stretches, states };
}

type Values = Readonly<Record<Trace, number>>;

function valuesOf(
  reading: Reading,
  { cvl, ccl, dcl }: { readonly cvl: number; readonly ccl: number; readonly dcl: number },
): Values {
  const packs = reading.modules ?? [reading];
  const cells = packs.flatMap(({ cellVoltages }) => cellVoltages ?? []);
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
  };
}

function widen(values: Readonly<Record<Trace, Extent>>, now: Values): void {
  for (const trace of TRACES) {
    const extent = values[trace];
    extent.low = Math.min(extent.low, now[trace]);
    extent.high = Math.max(extent.high, now[trace]);
  }
}
