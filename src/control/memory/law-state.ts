import type { Alarms } from '../../model/alarms.ts';
import type { AlarmState } from '../explain/alarms.ts';
import type { NoticeState } from '../explain/notices.ts';
import { type ChemistryCheck, initialCheck } from '../input/chemistry-check.ts';
import type { Measured } from '../input/measure.ts';
import { type FilterState, initialFilter } from '../input/reading-filter.ts';
import { NO_SENSORS, type Sensors } from '../input/sensors.ts';
import { initialSign, type SignFlip } from '../input/sign-flip.ts';
import { initialCounter, type SocCounter } from '../input/soc-counter.ts';
import type { ChargeState } from '../law.ts';
import type { PublishedCvl } from '../limits/cvl-publication.ts';
import { type HardState, initialHard } from '../limits/hard-stops.ts';
import type { Limit } from '../limits/limit.ts';
import { initialObedience, type Obedience } from '../limits/obedience.ts';
import type { RecoveryState } from '../outage/recovery.ts';
import { initialStale, type Ladder, type StaleState } from '../outage/stale.ts';
import { type Charging, initialCharging } from '../profile.ts';

/** Everything the law remembers between steps: plain data, of a size that does not grow. */
export interface LawState {
  /** Monotonic seconds of the last step and of the last good sample. */
  readonly t: number | undefined;
  readonly sampledAt: number | undefined;
  readonly readingFilter: FilterState;
  readonly sensors: Sensors;
  readonly stale: StaleState;
  readonly hard: HardState;
  readonly alarms: AlarmState;
  readonly notices: NoticeState;
  readonly charging: Charging;
  readonly counter: SocCounter;
  /** The charge has just ended with the pack full; the counter takes it up with the next sample. */
  readonly becameFull: boolean;
  readonly check: ChemistryCheck;
  readonly sign: SignFlip;
  /** The setting under which the sign was judged; undefined before the first step. */
  readonly invertCurrent: boolean | undefined;
  /** A, exponential average. */
  readonly average: number | undefined;
  /** Seconds for which more current flowed in than was allowed. */
  readonly ignored: number;
  readonly obedience: Obedience;
  /** Undefined before the first good sample. */
  readonly live: Live | undefined;
}

/** What is in force since the first good sample. */
export interface Live {
  readonly seen: Measured;
  readonly charge: RecoveryState;
  readonly discharge: RecoveryState;
  readonly chargeLimit: Limit;
  readonly dischargeLimit: Limit;
  /** V at the pack, before losses and rounding. */
  readonly cvl: number;
  readonly published: PublishedCvl | undefined;
  readonly low: number;
  /** CVL at which a pack of this size floats, V. */
  readonly floatVolts: number;
  readonly state: ChargeState;
  readonly mode: string;
  /** SoC to publish, %. */
  readonly soc: number | undefined;
  readonly derived: Alarms;
  /** Why everything is blocked. */
  readonly blocked: string | undefined;
  /** Why nothing is charged until a contradiction is confirmed or gone. */
  readonly doubted: string | undefined;
  /** The last reading came, and was refused. */
  readonly refused: boolean;
  readonly ladder: Ladder;
}

export function initialState(): LawState {
  return {
    t: undefined,
    sampledAt: undefined,
    readingFilter: initialFilter(),
    sensors: NO_SENSORS,
    stale: initialStale(),
    hard: initialHard(),
    alarms: {},
    notices: {},
    charging: initialCharging(),
    counter: initialCounter(),
    becameFull: false,
    check: initialCheck(),
    sign: initialSign(),
    invertCurrent: undefined,
    average: undefined,
    ignored: 0,
    obedience: initialObedience(),
    live: undefined,
  };
}
