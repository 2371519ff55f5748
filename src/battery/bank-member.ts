import type { ControlOutput, Freshness } from '../control/law.ts';
import type { Member } from '../control/limits/bank-limits.ts';
import type { BatteryView } from './battery-view.ts';
import { chargeStateShown } from './charge-state.ts';
import { installedCapacity, soc, timeToGo } from './derived-values.ts';

type Limits = Pick<ControlOutput, 'cvl' | 'ccl' | 'dcl'>;

/** A member of a bank in the words of the law. */
export interface BankMember extends Member {
  /** A, positive = charging; absent while nobody knows. */
  readonly current?: number;
}

/** What is kept of a member while it is silent. */
export interface MemberMemory {
  /** The last charge voltage limit that was one, V. */
  readonly cvl?: number;
  readonly lastFresh?: Pick<ControlOutput, 'ccl' | 'dcl'>;
}

/**
 * What a battery service means for its bank. A limit that is missing or no number above 0 allows nothing, whoever the driver
 * is. A charge voltage that was never told is infinite: it bounds nothing, and no charge current is allowed.
 */
export function bankMember(
  name: string,
  view: BatteryView,
  freshness: Freshness,
  { cvl: before, lastFresh }: MemberMemory,
): BankMember {
  const { control, reading } = view;
  const told = isLimit(control?.cvl) ? control.cvl : undefined;
  const cvl = told ?? before ?? Number.POSITIVE_INFINITY;
  const mayCharge = told !== undefined && control?.allowToCharge !== false;
  const ccl = mayCharge && isLimit(control?.ccl) ? control.ccl : 0;
  const dcl = control?.allowToDischarge !== false && isLimit(control?.dcl) ? control.dcl : 0;
  const charge = soc(view);
  const seconds = timeToGo(view);
  const capacity = installedCapacity(view);
  const output: ControlOutput = {
    ...{ cvl, ccl, dcl, freshness },
    low: control?.low ?? 0,
    allowToCharge: ccl > 0,
    allowToDischarge: dcl > 0,
    state: control?.state ?? chargeStateShown(control?.chargeMode),
    chargeMode: control?.chargeMode ?? 'Bulk',
    chargeReason: control?.chargeReason ?? missing(control, ['cvl', 'ccl']) ?? `charge limit ${ccl} A`,
    dischargeReason: control?.dischargeReason ?? missing(control, ['dcl']) ?? `discharge limit ${dcl} A`,
    alarms: control?.alarms ?? reading?.alarms ?? {},
    notices: [],
    ...(charge !== undefined && { soc: charge }),
    ...(seconds !== undefined && { timeToGo: seconds }),
  };
  return {
    name,
    output,
    ...(lastFresh !== undefined && { lastFresh }),
    ...(capacity !== undefined && { capacity }),
    ...(reading?.current !== undefined && { current: reading.current }),
    // Only a battery that hands over its switches tells them apart from its limits.
    chargeIsolated: view.bank?.isLed === true && reading?.chargeEnabled === false,
    dischargeIsolated: view.bank?.isLed === true && reading?.dischargeEnabled === false,
  };
}

function isLimit(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value) && value > 0;
}

const WORDS = { cvl: 'charge voltage', ccl: 'charge current', dcl: 'discharge current' } as const;

/** What the driver of the battery does not tell. */
function missing(control: BatteryView['control'], keys: readonly (keyof Limits)[]): string | undefined {
  const absent = keys.filter((key) => control?.[key] === undefined).map((key) => WORDS[key]);
  return absent.length === 0 ? undefined : `tells no limit of the ${absent.join(' and of the ')}`;
}
