import type { BatteryView } from '../battery/battery-view.ts';
import { raised } from '../battery/derived-values.ts';
import type { AlarmName } from '../model/alarms.ts';
import type { ModuleReading } from '../model/reading.ts';
import { type PathLine, text, whole } from './path-line.ts';

/** The display has a page for so many. */
export const MOST_MODULES = 10;

/** Alarms of a pack as the page "module alarms" names them, which are the names of the battery's own alarms. */
const MODULE_ALARMS: readonly (readonly [path: string, name: AlarmName, alsoRaisedBy?: AlarmName])[] = [
  ['LowVoltage', 'lowVoltage'],
  ['HighVoltage', 'highVoltage'],
  ['LowCellVoltage', 'lowCellVoltage'],
  ['HighCellVoltage', 'highCellVoltage'],
  ['LowSoc', 'lowSoc'],
  ['HighChargeCurrent', 'highChargeCurrent'],
  ['HighDischargeCurrent', 'highDischargeCurrent', 'shortCircuit'],
  ['CellImbalance', 'cellImbalance'],
  ['InternalFailure', 'internalFailure', 'shortCircuit'],
  ['HighChargeTemperature', 'highChargeTemperature'],
  ['LowChargeTemperature', 'lowChargeTemperature'],
  ['HighTemperature', 'highTemperature'],
  ['LowTemperature', 'lowTemperature'],
  ['HighInternalTemperature', 'highInternalTemperature'],
  ['Contactor', 'contactor'],
];

const modules: PathLine[][] = [];

/** The packs of a bank with their alarms, by the order of their addresses; a valid Id makes the display list the pack. */
export function modulePaths(count: number): readonly PathLine[] {
  while (modules.length < Math.min(count, MOST_MODULES)) modules.push(linesOf(modules.length));
  return modules.slice(0, count).flat();
}

function linesOf(index: number): PathLine[] {
  const root = `/Diagnostics/Module${index}`;
  return [
    text(`${root}/Id`, ({ facts }) => idOf(facts.modules?.[index])),
    ...MODULE_ALARMS.map(([path, name, also]) =>
      whole(`${root}/Alarms/${path}`, (state) => raised(shownModule(state, index)?.alarms ?? {}, name, also)),
    ),
  ];
}

/** What the pack says now; a silent pack has no alarms to show. */
function shownModule({ facts, reading }: BatteryView, index: number): ModuleReading | undefined {
  const address = facts.modules?.[index]?.address;
  return reading?.modules?.find((pack) => pack.address === address);
}

function idOf(pack: ModuleReading | undefined): string | undefined {
  return pack === undefined ? undefined : (pack.serialNumber ?? `pack ${pack.address}`);
}
