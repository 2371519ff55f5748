import type { NumberKey, PackReading } from '../../model/reading.ts';
import { decodeFields, type Field, present, type Scaling } from '../../protocol/fields.ts';
import { inBlock, register, registerRow } from '../../protocol/registers.ts';
import { decodeCurrentLimit } from './faults.ts';

/** Where a Daly Modbus map has its cells and sensors; the two maps differ in their numbers only. */
export interface CellMap {
  readonly cells: number;
  readonly mostCells: number;
  readonly cell: Scaling;
  readonly temperatures: number;
  readonly mostSensors: number;
  readonly temperature: Scaling;
  /** The register that says how many of the sensors are fitted. */
  readonly sensorCount: number;
}

/** Cells and fitted sensors of the block that begins with the cells and reaches the sensor count; nothing of any other. */
export function decodeCells(data: Uint8Array, start: number, map: CellMap): PackReading {
  const fitted = register(data, start, map.sensorCount);
  if (start !== map.cells || fitted === undefined) return {};
  const sensors = Math.min(fitted, map.mostSensors);
  return {
    cellVoltages: present(registerRow(data, start, map.cells, map.mostCells, map.cell)),
    temperatures: present(registerRow(data, start, map.temperatures, sensors, map.temperature)),
  };
}

/** A current limit of the settings and its register. */
export interface CurrentLimit {
  readonly key: NumberKey;
  readonly register: number;
}

/** The settings that a block holds; those that are not set are absent. */
export function decodeSettings(
  data: Uint8Array,
  start: number,
  fields: readonly Field[],
  currents: readonly CurrentLimit[],
): PackReading {
  const limits = currents.flatMap(({ key, register: number }) => {
    const limit = decodeCurrentLimit(register(data, start, number));
    return limit === undefined ? [] : [[key, limit] as const];
  });
  return { ...decodeFields(data, inBlock(fields, start)), ...Object.fromEntries(limits) };
}
