import { type Row, wordsAt } from '../../protocol/ascii-blocks.ts';
import type { Dialect } from '../../protocol/ascii-dialect.ts';
import { AFTER_SENSORS_LENGTH, BOARD_LENGTH, CELLS_AT } from './fields.ts';

/** Class of the devices; another sibling has it with version 20. */
export const DEVICE_CLASS = 0x4a;

/** The two counted rows of an analog reply; undefined when they do not fill it. */
export function rowsOf(info: Uint8Array): { readonly cells: Row; readonly sensors: Row } | undefined {
  const cells = wordsAt(info, CELLS_AT, 'cells');
  const sensors = cells && wordsAt(info, cells.end + BOARD_LENGTH, 'sensors');
  const isWhole = sensors !== undefined && info.length === sensors.end + AFTER_SENSORS_LENGTH;
  return cells && isWhole ? { cells, sensors } : undefined;
}

/** Told by class and version; its analog reply has the state of charge ahead of the cells. */
export const DAREN: Dialect = {
  name: 'daren',
  looks: [
    { at: CELLS_AT, cid1: DEVICE_CLASS, versions: [0x22], shape: (info) => rowsOf(info) !== undefined },
  ],
};
