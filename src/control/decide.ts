import { adaptive } from './adaptive.ts';
import { shownAlarms } from './explain/alarms.ts';
import type { ControlLaw, ControlOutput, ControlSettings, Step } from './law.ts';
import { roundVoltage } from './limits/rounding.ts';
import { initialState, type LawState } from './memory/law-state.ts';
import { atRest } from './outage/recovery.ts';
import type { Profile } from './profile.ts';
import { socSteps } from './soc-steps.ts';
import { stepLaw } from './step-law.ts';

/** The law of a profile. */
export function lawFor(profile: ControlSettings['profile']): ControlLaw<LawState> {
  return lawOf(profile === 'soc-steps' ? socSteps : adaptive);
}

/** Turns a profile into a law that cannot throw. */
export function lawOf(profile: Profile): ControlLaw<LawState> {
  return {
    initial: initialState,
    step(settings, state, input) {
      try {
        const step = stepLaw(profile, settings, state, input);
        if (step.output !== undefined && !isSound(step.output)) {
          return safe(state, 'a limit that is no number');
        }
        return step;
      } catch (error) {
        return safe(state, error instanceof Error ? error.message : String(error));
      }
    },
  };
}

function isSound({ cvl, ccl, dcl, low }: ControlOutput): boolean {
  return Number.isFinite(cvl + low) && ccl >= 0 && dcl >= 0 && Number.isFinite(ccl + dcl);
}

/** The last good output with every current at zero: nothing is trusted any more, and the ramps begin anew. */
function safe(state: LawState, why: string): Step<LawState> {
  const { live } = state;
  if (live === undefined) return { state, rejected: `internal error in the charge control: ${why}` };
  const volts = roundVoltage(Math.min(live.published?.volts ?? live.floatVolts, live.floatVolts));
  return {
    state: {
      ...state,
      live: {
        ...live,
        charge: atRest(),
        discharge: atRest(),
        published: { volts, raisedAt: state.t ?? 0 },
        state: 'hold',
        cvl: volts,
      },
    },
    output: {
      cvl: volts,
      ccl: 0,
      dcl: 0,
      low: live.low,
      allowToCharge: false,
      allowToDischarge: false,
      state: 'hold',
      chargeMode: 'Hold: internal error',
      chargeReason: `No charge: internal error in the charge control: ${why}`,
      dischargeReason: `No discharge: internal error in the charge control: ${why}`,
      alarms: {
        ...shownAlarms(state.alarms, {}, live.derived),
        internalFailure: 2,
        bmsCable: live.ladder.bmsCable,
      },
      freshness: live.ladder.freshness,
      ...(live.soc === undefined ? {} : { soc: live.soc }),
      notices: [],
    },
    rejected: `internal error in the charge control: ${why}`,
  };
}
