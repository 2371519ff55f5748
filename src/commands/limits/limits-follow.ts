import { planCells } from '../../control/input/cells.ts';
import type { ControlOutput, ControlSettings } from '../../control/law.ts';
import { roundVoltage } from '../../control/limits/rounding.ts';
import { classicLow } from '../../control/soc-steps.ts';
import type { Io } from '../command.ts';
import { linesUntilAborted } from '../lines.ts';
import { parseInputLine } from './limits-input.ts';
import { VirtualBattery } from './virtual-battery.ts';

/** One line on stdout: what the control would publish after the line on stdin. */
export interface FollowLine {
  readonly t: number;
  readonly cvl: number;
  readonly ccl: number;
  readonly dcl: number;
  readonly low: number;
  readonly allowToCharge: boolean;
  readonly allowToDischarge: boolean;
  readonly state: ControlOutput['state'];
  readonly chargeReason: string;
  readonly dischargeReason: string;
  readonly alarms: ControlOutput['alarms'];
}

/** Names that mean nothing are told once each; after so many of them it is pointless. */
const MOST_STRANGE = 50;

/** Answers every line of stdin with one line on stdout, at once, until stdin or the program ends. */
export async function follow(
  settings: ControlSettings,
  io: Pick<Io, 'out' | 'err' | 'lines' | 'signal' | 'isTyped'>,
): Promise<void> {
  const battery = new VirtualBattery(settings);
  const before = beforeFirstSample(settings);
  const strange = new Set<string>();
  let t: number | undefined;
  let number = 0;
  for await (const text of linesUntilAborted(io, 'lines of readings as JSON')) {
    number += 1;
    const say = (what: string): void => io.err(`dbus-bms limits: line ${number}: ${what}\n`);
    const line = parseInputLine(text);
    for (const name of line.unknown.filter((each) => !strange.has(each) && strange.size < MOST_STRANGE)) {
      strange.add(name);
      say(`${JSON.stringify(name)} is no canonical name and is left out`);
    }
    const back = line.t !== undefined && t !== undefined && line.t < t;
    const fault = line.fault ?? (back ? `"t" goes backwards, from ${t} to ${line.t}` : undefined);
    if (fault !== undefined) say(`${fault}; taken as a failed poll`);
    t = Math.max(line.t ?? t ?? 0, t ?? Number.NEGATIVE_INFINITY);
    const { output, rejected } = battery.step(t, fault === undefined ? line.reading : undefined);
    if (rejected !== undefined) say(`not believed: ${rejected}`);
    io.out(`${JSON.stringify(lineOf(t, output ?? before))}\n`);
  }
}

function lineOf(t: number, output: Omit<FollowLine, 't'>): FollowLine {
  const { cvl, ccl, dcl, low, allowToCharge, allowToDischarge, state } = output;
  const { chargeReason, dischargeReason, alarms } = output;
  return {
    t,
    cvl,
    ccl,
    dcl,
    low,
    allowToCharge,
    allowToDischarge,
    state,
    chargeReason,
    dischargeReason,
    alarms,
  };
}

/** The safe set before anything is known of the battery: no current, and float of as many cells as the owner stated. */
function beforeFirstSample(settings: ControlSettings): Omit<FollowLine, 't'> {
  const plan = planCells(settings);
  const cells = settings.cellCount ?? 0;
  const low = settings.profile === 'soc-steps' ? classicLow(settings, plan) : plan.softMin;
  return {
    cvl: roundVoltage(cells * plan.float),
    ccl: 0,
    dcl: 0,
    low: roundVoltage(cells * low),
    allowToCharge: false,
    allowToDischarge: false,
    state: 'hold',
    chargeReason: 'no good sample yet',
    dischargeReason: 'no good sample yet',
    alarms: {},
  };
}
