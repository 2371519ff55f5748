import { planCells } from './cells.ts';
import { admit } from './gate.ts';
import type { ControlInput, ControlSettings, Step } from './law.ts';
import type { LawState } from './law-state.ts';
import type { Profile } from './profile.ts';
import { render } from './render.ts';
import { decideAnew } from './sampled.ts';
import { keep } from './silence.ts';
import { climb } from './stale.ts';

/** One step: with a believable reading decide anew, else keep what is and let it only fall. */
export function stepLaw(
  profile: Profile,
  settings: ControlSettings,
  before: LawState,
  input: ControlInput,
): Step<LawState> {
  const now = Number.isFinite(input.t) ? input.t : (before.t ?? 0);
  const t = before.t === undefined ? now : Math.max(before.t, now);
  const requests = input.requests ?? {};
  const plan = planCells(settings);
  const sign = settings.invertCurrent === (before.sign.sign === 1) ? -1 : 1;
  const admission =
    input.reading === undefined ? undefined : admit(settings, before.gate, input.reading, sign);
  const sample = admission?.sample;
  const ladder = climb(settings, plan, before.stale, t, sample !== undefined, before.live?.seen);
  const state: LawState = {
    ...before,
    t,
    gate: admission?.state ?? before.gate,
    stale: ladder.state,
    invertCurrent: settings.invertCurrent,
  };
  if (admission !== undefined && sample !== undefined) {
    const decided = decideAnew(profile, settings, plan, state, { sample, admission, ladder, requests, t });
    return {
      ...render(settings, plan, decided.state, decided.live, true, decided.notices),
      sample: sample.reading,
    };
  }
  const rejected = admission?.rejected === undefined ? {} : { rejected: admission.rejected };
  if (state.live === undefined) return { state, ...rejected };
  const live = keep(settings, plan, state.live, { t, requests, ladder, admission });
  return { ...render(settings, plan, { ...state, live }, live, false, []), ...rejected };
}
