import { cycles, drawn } from '../battery/derived-values.ts';
import type { HistoryFigures } from '../history/history.ts';
import {
  ampHours,
  celsius,
  computed,
  kilowattHours,
  type PathLine,
  real,
  seconds,
  volts,
  whole,
  writable,
} from './path-line.ts';
import { type Field, into, numberAt } from './view-field.ts';

/** The life of a battery. */
export const HISTORY: readonly PathLine[] = [
  real('/History/DeepestDischarge', ampHours(1), 0.1, drawnAt('deepestDischarge')),
  real('/History/LastDischarge', ampHours(1), 0.1, drawnAt('lastDischarge')),
  real('/History/AverageDischarge', ampHours(1), 0.1, drawnAt('averageDischarge')),
  real('/History/TotalAhDrawn', ampHours(1), 0.1, drawnAt('totalAhDrawn')),
  whole('/History/ChargeCycles', computed(cycles, into('facts', 'cycles'))),
  whole('/History/FullDischarges', numberAt('history', 'fullDischarges')),
  real('/History/MinimumVoltage', volts(2), 0.01, numberAt('history', 'minimumVoltage')),
  real('/History/MaximumVoltage', volts(2), 0.01, numberAt('history', 'maximumVoltage')),
  real('/History/MinimumCellVoltage', volts(3), 0.001, numberAt('history', 'minimumCellVoltage')),
  real('/History/MaximumCellVoltage', volts(3), 0.001, numberAt('history', 'maximumCellVoltage')),
  whole('/History/TimeSinceLastFullCharge', numberAt('history', 'timeSinceLastFullCharge'), seconds, 60),
  whole('/History/AutomaticSyncs', numberAt('history', 'automaticSyncs')),
  whole('/History/LowVoltageAlarms', numberAt('history', 'lowVoltageAlarms')),
  whole('/History/HighVoltageAlarms', numberAt('history', 'highVoltageAlarms')),
  real('/History/MinimumTemperature', celsius, 0.1, numberAt('history', 'minimumTemperature')),
  real('/History/MaximumTemperature', celsius, 0.1, numberAt('history', 'maximumTemperature')),
  real('/History/DischargedEnergy', kilowattHours, 0.01, numberAt('history', 'dischargedEnergy')),
  real('/History/ChargedEnergy', kilowattHours, 0.01, numberAt('history', 'chargedEnergy')),
  whole(
    '/History/CanBeCleared',
    computed((s) => (s.history === undefined ? undefined : 1), into('keeps', 'history')),
  ),
  writable(
    whole('/History/Clear', (s) => (s.history === undefined ? undefined : 0)),
    (value) => (value === 1 ? 1 : undefined),
    () => ({ kind: 'clearHistory' }),
    { button: true },
  ),
  whole('/Settings/HasTemperature', () => 1),
];

/** Ah of discharge, negative. */
function drawnAt(key: keyof HistoryFigures): Field<number> {
  return computed(drawn(key), into('history', key));
}
