import type { BatteryView } from '../../battery/battery-view.ts';
import { shownValue, WISHES } from '../../battery/wishes.ts';
import type { BridgedBattery } from '../output.ts';
import { cellName, cellVoltages, type Group, told, VALUES } from '../values.ts';
import { COMMANDS } from './commands.ts';

export type Json = string | number | null;
export type Document = Readonly<Record<string, Json>>;

/**
 * Every value of a group, also those that are not known (null): a key that is missing makes Home Assistant warn at each
 * message. On and off are the words ON and OFF.
 */
export function valuesDocument(group: Group, view: BatteryView): Document {
  const rows = VALUES.filter((row) => row.group === group);
  return Object.fromEntries(rows.map((row) => [row.key, json(told(row, view))]));
}

/** The state, and what was asked for where a battery takes wishes: the answer to a command is read back, never an echo. */
export function stateDocument({ view, wishes }: BridgedBattery, commands: readonly string[]): Document {
  const asked = COMMANDS.filter(({ name, wish }) => commands.includes(name) && wishes.has(wish)).map(
    ({ name, wish, kind }): [string, Json] => {
      const row = WISHES.find((candidate) => candidate.name === wish);
      const value = row === undefined ? undefined : shownValue(row, view.requests);
      if (kind === 'switch') return [name, value === undefined ? null : value > 0 ? 'OFF' : 'ON'];
      return [name, value === undefined || value < 0 ? null : value];
    },
  );
  return { ...valuesDocument('state', view), ...Object.fromEntries(asked) };
}

/** `cells` as many as the battery was ever seen to have: those that it does not tell now are null. */
export function cellsDocument(view: BatteryView, cells: number): Document {
  const volts = cellVoltages(view);
  return Object.fromEntries(
    Array.from({ length: cells }, (_, index) => [`cell_${cellName(index)}`, json(volts[index])]),
  );
}

/** What a battery is: changes seldom. */
export function infoDocument({ bank, id, name, view }: BridgedBattery): Document {
  const { facts, identity } = view;
  return {
    id,
    name,
    serial: identity.serial ?? null,
    product: identity.productName,
    manufacturer: identity.manufacturer ?? null,
    model: facts.model ?? null,
    firmware: facts.firmwareVersion ?? null,
    hardware: facts.hardwareVersion ?? null,
    cells: facts.cellCount ?? null,
    connection: identity.connection,
    instance: identity.deviceInstance ?? null,
    driver: identity.processVersion,
    bank: bank ?? null,
  };
}

function json(value: number | string | boolean | undefined): Json {
  if (typeof value === 'boolean') return value ? 'ON' : 'OFF';
  return value ?? null;
}
