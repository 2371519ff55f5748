import { type Alarms, CHARGE_BLOCKING, DISCHARGE_BLOCKING } from '../../model/alarms.ts';
import { fixed } from '../../model/round.ts';
import type { CellPlan } from '../input/cells.ts';
import type { Known, Measured } from '../input/measure.ts';
import { faultBehind } from '../input/sensor-faults.ts';
import { ceilingOf } from '../limits/ccl.ts';
import { blocking, COLD_MARGIN, HOT_MARGIN, MOSFET_MAX } from '../limits/hard-stops.ts';
import type { Direction, Limit } from '../limits/limit.ts';

/** What a person is told of one current limit. */
export interface Explained {
  readonly direction: Direction;
  /** A as published. */
  readonly amps: number;
  /** The limiter in force. */
  readonly limit: Limit;
  /** A to which the limit is rising; `amps` or near where it does not. */
  readonly goal: number;
  readonly plan: CellPlan;
  readonly seen: Measured;
  readonly shown: Alarms;
  readonly soc: number | undefined;
  /** Seconds since the last good sample. */
  readonly age: number;
  /** The BMS answers, with readings that are refused. */
  readonly refused: boolean;
  /** Why everything is blocked. */
  readonly blocked: string | undefined;
}

/** "Charge limited to 48 A: highest cell 3.52 V, nearing 3.55 V". */
export function explainLimit(facts: Explained): string {
  const { direction, amps, goal, limit } = facts;
  const name = direction === 'charge' ? 'Charge' : 'Discharge';
  const cause = why(facts);
  if (limit.amps === 0) return `No ${direction}: ${cause}`;
  if (goal - amps >= 1) {
    return `${name} limited to ${amps} A: rising gently to ${Math.floor(goal)} A (${cause})`;
  }
  return `${name} limited to ${amps} A: ${cause}`;
}

function why({ direction, limit, plan, seen, shown, soc, age, refused, blocked }: Explained): string {
  const charge = direction === 'charge';
  const { known } = seen;
  switch (limit.cause) {
    case 'max':
      return 'the set maximum';
    case 'request':
      return 'as requested by the user';
    case 'switched':
      return 'switched off by the user';
    case 'bms':
      return 'the BMS allows no more';
    case 'cell':
      return charge
        ? `highest cell ${seen.vmaxFiltered.toFixed(2)} V, nearing ${ceilingOf(plan, seen.measuresCells).toFixed(2)} V`
        : `lowest cell ${seen.vminSlow.toFixed(2)} V, nearing ${plan.hardMin.toFixed(2)} V`;
    case 'soc':
    case 'step':
      return `state of charge ${whole(soc)} %`;
    case 'balance':
      return 'top balance';
    case 'config':
      return 'the configuration holds errors';
    case 'daily':
      return 'the daily charge ceiling is reached';
    case 'temperature': {
      const fault = faultBehind(known.heat, known.coldest);
      if (fault !== undefined && fault.kind !== 'leap' && fault.kind !== 'missing') return fault.text;
      return `temperature ${span(charge ? seen.coldSlow : seen.dischargeColdSlow, seen.hotSlow)}`;
    }
    case 'sensor':
      return `${faultBehind(known.heat, known.coldest)?.text ?? 'a temperature sensor that cannot be right'}`;
    case 'unproven':
      return 'a temperature that leaps or begins too hot, waiting until it has kept still for 2 min';
    case 'mosfet':
      return `power switches at ${whole(known.mosfet)} degC`;
    case 'hotMosfet':
      return `power switches at ${whole(known.mosfet)} degC, waiting for ${MOSFET_MAX - HOT_MARGIN} degC`;
    case 'fet':
      return `the BMS has switched ${direction} off`;
    case 'alarm': {
      const name = blocking(charge ? CHARGE_BLOCKING : DISCHARGE_BLOCKING, known.alarms, shown);
      return `alarm ${name ?? 'of the BMS'}`;
    }
    case 'ceiling':
      return `highest cell ${seen.vmax.toFixed(2)} V, waiting for ${plan.absorb.toFixed(2)} V`;
    case 'empty':
      return `lowest cell ${seen.vmin.toFixed(2)} V, waiting for a charge or ${plan.dischargeKnee.toFixed(2)} V`;
    case 'cold':
      return `${measuredBy(known, charge ? known.coldest : known.heat.dischargeColdest)}, waiting for ${(charge ? plan.chargeMinC : plan.dischargeMinC) + COLD_MARGIN} degC`;
    case 'hot':
      return `${measuredBy(known, known.hottest)}, waiting for ${(charge ? plan.chargeMaxC : plan.dischargeMaxC) - HOT_MARGIN} degC`;
    case 'blocked':
      return blocked ?? 'blocked';
    case 'stale':
      return age > 0 ? silence(age, refused) : 'the BMS answers again, waiting for 3 good readings';
  }
}

/** The degrees, or the sensor that alone says so. */
function measuredBy({ heat }: Known, degrees: number | undefined): string {
  const fault = faultBehind(heat, degrees);
  return fault === undefined || fault.kind === 'leap' ? `${whole(degrees)} degC` : fault.text;
}

/** "no answer from the BMS for more than 10 s". */
export function silence(age: number, refused: boolean): string {
  return `no ${refused ? 'usable reading' : 'answer'} from the BMS for ${since(age)}`;
}

/** Coarse on purpose: a text that counts seconds is traffic. */
function since(seconds: number): string {
  if (seconds < 60) return 'more than 10 s';
  return `more than ${Math.floor(seconds / 60)} min`;
}

function span(cold: number | undefined, hot: number | undefined): string {
  if (cold === undefined || hot === undefined) return 'unknown';
  const [low, high] = [fixed(cold, 0), fixed(hot, 0)];
  return low === high ? `${low} degC` : `${low} to ${high} degC`;
}

function whole(value: number | undefined): string {
  return value === undefined ? '?' : fixed(value, 0);
}
