import type { Bank } from '../../src/battery/bank.ts';
import type { BatteryView } from '../../src/battery/battery-view.ts';
import type { ItemValue } from '../../src/dbus/item.ts';
import { changes } from '../../src/venus/changes.ts';

const IDENTITY = {
  productName: 'SerialBattery(X)',
  connection: 'ttyUSB0',
  deviceInstance: 1,
  customName: '',
  processVersion: '1',
  keys: [],
  traits: { place: '' },
};

/** What this program itself decides or knows while the BMS is silent; everything else is what the BMS told last. */
const OURS =
  /^\/(State|ErrorCode|ConnectionInformation|Alarms\/BmsCable|Mode|Settings\/.*|Info\/.*|Io\/AllowTo\w+|System\/NrOfModules\w+)$/;

/** All paths of a bank (or its only pack), and of each pack by its address, as they stand on the bus now. */
export function shownOn(bank: Bank, now: number): Map<string, ItemValue> {
  const shown = new Map<string, ItemValue>();
  const put = (prefix: string, state: Omit<BatteryView, 'identity'>): void => {
    for (const { path, value } of changes(new Map(), { ...state, identity: IDENTITY })) {
      shown.set(`${prefix}${path}`, value);
    }
  };
  const state = bank.state(now);
  if (state === undefined) return shown;
  const { averageCurrent } = state.control;
  const best = bank.best(now);
  put('', {
    ...state,
    ...(averageCurrent !== undefined && { averageCurrent }),
    ...(!bank.isBank && best !== undefined && { history: best.history }),
  });
  if (!bank.isBank) return shown;
  for (const battery of bank.batteries) {
    const reading = battery.shown(now);
    const { facts, history } = battery;
    put(`${battery.address}:`, {
      facts,
      history,
      link: battery.link(now),
      ...(reading !== undefined && { reading }),
    });
  }
  return shown;
}

/** Paths that have become another number than the one told last, as sentences; our own decisions are left out. */
export function turnedIntoOthers(
  told: ReadonlyMap<string, ItemValue>,
  now: ReadonlyMap<string, ItemValue>,
): string[] {
  return [...now].flatMap(([path, value]) => {
    if (OURS.test(path.replace(/^\d+:/, '')) || value === undefined || value === told.get(path)) return [];
    return [`${path} was told as ${told.get(path)} and became ${value}`];
  });
}
