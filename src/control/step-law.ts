import type { PackReading } from '../model/reading.ts';
import { decideFresh } from './decide-fresh.ts';
import { decideMissing } from './decide-missing.ts';
import { render } from './explain/render.ts';
import { planCells } from './input/cells.ts';
import { filterReading } from './input/reading-filter.ts';
import { heatOf } from './input/sensor-faults.ts';
import { type Sensors, watchSensors } from './input/sensors.ts';
import type { ControlInput, ControlSettings, Step } from './law.ts';
import type { LawState } from './memory/law-state.ts';
import { climb } from './outage/stale.ts';
import type { Profile } from './profile.ts';

/** One step: with a believable reading decide afresh, else keep what is and let it only fall. */
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
  const filtered =
    input.reading === undefined
      ? undefined
      : filterReading(settings, before.readingFilter, input.reading, sign);
  const sample = filtered?.sample;
  // Of a reading that is refused only what its temperatures forbid now is taken.
  const told = sample?.reading.temperatures ?? filtered?.rejectedReading?.reading.temperatures ?? [];
  const sensors = filtered === undefined ? before.sensors : watchSensors(before.sensors, told, t);
  const heat = heatOf(sensors);
  const ladder = climb(settings, plan, before.stale, t, sample !== undefined, before.live?.seen);
  const state: LawState = {
    ...before,
    t,
    readingFilter: filtered?.state ?? before.readingFilter,
    stale: ladder.state,
    invertCurrent: settings.invertCurrent,
  };
  if (filtered !== undefined && sample !== undefined) {
    const decided = decideFresh(
      profile,
      settings,
      plan,
      { ...state, sensors },
      { sample, filtered, heat, ladder, requests, t },
    );
    return {
      ...render(settings, plan, decided.state, decided.live, true, decided.notices),
      sample: shown(sample.reading, sensors),
    };
  }
  const rejected = filtered?.rejected === undefined ? {} : { rejected: filtered.rejected };
  if (state.live === undefined) return { state, ...rejected };
  const live = decideMissing(settings, plan, state.live, { t, requests, ladder, filtered, heat });
  return { ...render(settings, plan, { ...state, live }, live, false, []), ...rejected };
}

/** The reading with the temperatures that are believed; a sensor that is missing is left out. */
function shown(reading: PackReading, { list }: Sensors): PackReading {
  if (reading.temperatures === undefined) return reading;
  const told = list.filter(({ missingFrom }) => missingFrom === undefined);
  return { ...reading, temperatures: told.map(({ value }) => value) };
}
