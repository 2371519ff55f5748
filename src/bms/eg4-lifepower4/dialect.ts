import { type AnalogRows, analogRows } from '../../protocol/ascii-blocks.ts';
import type { Dialect } from '../../protocol/ascii-dialect.ts';
import { AFTER_ROWS_LENGTH, CELLS_AT, DEVICE_CLASS, VERSION } from './fields.ts';

/** The counted rows of an analog reply; undefined when they do not fill it. */
export function rowsOf(info: Uint8Array): AnalogRows | undefined {
  const rows = analogRows(info, CELLS_AT);
  return rows && info.length === rows.end + AFTER_ROWS_LENGTH ? rows : undefined;
}

/** The class of Daren in another version. */
export const EG4_LIFEPOWER4: Dialect = {
  name: 'eg4-lifepower4',
  looks: [
    { at: CELLS_AT, cid1: DEVICE_CLASS, versions: [VERSION], shape: (info) => rowsOf(info) !== undefined },
  ],
};
