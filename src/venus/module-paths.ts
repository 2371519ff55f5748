import type { BatteryView } from '../battery/battery-view.ts';
import { raised } from '../battery/derived-values.ts';
import type { AlarmName } from '../model/alarms.ts';
import type { ModuleReading } from '../model/reading.ts';
import { computed, type PathLine, text, whole } from './path-line.ts';
import { isLevel, moduleOf } from './view-field.ts';

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
    text(
      `${root}/Id`,
      computed(
        ({ facts }) => idOf(facts.modules?.[index]),
        (draft, id) => {
          moduleOf(draft, index).id = id;
        },
      ),
    ),
    ...MODULE_ALARMS.map(([path, name, also]) =>
      whole(
        `${root}/Alarms/${path}`,
        computed(
          (state) => raised(shownModule(state, index)?.alarms ?? {}, name, also),
          (draft, level) => {
            if (isLevel(level)) moduleOf(draft, index).alarms[name] = level;
          },
        ),
      ),
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

/** The pack that such an Id names; the bus tells the address only of a pack without a serial number. */
export function packOf(id: string | undefined, index: number): ModuleReading {
  const found = /^pack (\d{1,9})$/.exec(id ?? '');
  if (found !== null) return { address: Number(found[1]) };
  const address = ADDRESS_UNKNOWN + index;
  return id === undefined ? { address } : { address, serialNumber: id };
}

/** From here on numbers are no addresses of a line, which are bytes, but say that packs are different ones. */
const ADDRESS_UNKNOWN = 256;
