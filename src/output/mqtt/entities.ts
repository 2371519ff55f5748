import { cellName, type Quantity, VALUES, type ValueRow } from '../values.ts';
import { COMMANDS } from './commands.ts';
import type { Topics } from './topics.ts';

/** One entity of Home Assistant in the long keys of its discovery; the texts are those of its own documentation. */
export type Entity = Readonly<Record<string, unknown>>;

/** What Home Assistant calls a quantity, and which statistics it keeps of it. */
const SENSOR: Readonly<Record<Exclude<Quantity, 'flag'>, Entity>> = {
  voltage: { device_class: 'voltage', state_class: 'measurement' },
  current: { device_class: 'current', state_class: 'measurement' },
  power: { device_class: 'power', state_class: 'measurement' },
  // There is no class for Ah; with a state class it has statistics all the same.
  charge: { state_class: 'measurement' },
  energy: { device_class: 'energy', state_class: 'total_increasing' },
  temperature: { device_class: 'temperature', state_class: 'measurement' },
  duration: { device_class: 'duration', state_class: 'measurement' },
  soc: { device_class: 'battery', state_class: 'measurement' },
  // A percentage that is no charge: of class battery it would count as one.
  ratio: { state_class: 'measurement' },
  count: { state_class: 'measurement' },
  text: {},
  choice: { device_class: 'enum' },
};

/** Classes of values that are on or off. */
const FLAGS: Readonly<Record<string, string>> = {
  problem: 'problem',
  charging: 'battery_charging',
  balancing: 'running',
};

/** A value that did not come for so long is unknown to Home Assistant, s: a second net beside availability. */
const EXPIRY = { state: 120, cells: 180, periods: { state: 3, cells: 9 } };

/** What the entities of a battery need to know of it. */
export interface EntityFacts {
  readonly id: string;
  /** Keys of the values that were ever told. */
  readonly keys: ReadonlySet<string>;
  readonly cells: number;
  /** Names of the commands that are allowed and taken. */
  readonly commands: readonly string[];
  /** s between two messages of state. */
  readonly period: number;
}

/** By key, which is final: `cell_01`, `energy_in`. Components have `platform` and `unique_id`. */
export function entitiesOf(topics: Topics, facts: EntityFacts): ReadonlyMap<string, Entity> {
  const { cells, commands, id, keys, period } = facts;
  const found = new Map<string, Entity>();
  const add = (platform: string, key: string, name: string, more: Entity): void => {
    found.set(key, {
      platform,
      unique_id: `${topics.unique(id)}_${key}`,
      name,
      value_template: `{{ value_json.${key} }}`,
      ...more,
    });
  };
  const expiry = Math.max(EXPIRY.state, EXPIRY.periods.state * period);
  for (const row of VALUES) {
    if (!keys.has(row.key)) continue;
    const platform = row.quantity === 'flag' ? 'binary_sensor' : 'sensor';
    const source =
      row.group === 'meters'
        ? { state_topic: topics.meters(id) }
        : { state_topic: topics.state(id), expire_after: expiry };
    add(platform, row.key, row.name, { ...classOf(row), ...source, ...standing(row) });
  }
  for (let index = 0; index < cells; index += 1) {
    add('sensor', `cell_${cellName(index)}`, `Cell ${index + 1}`, {
      ...SENSOR.voltage,
      unit_of_measurement: 'V',
      suggested_display_precision: 3,
      entity_category: 'diagnostic',
      state_topic: topics.cells(id),
      expire_after: Math.max(EXPIRY.cells, EXPIRY.periods.cells * period),
    });
  }
  for (const { kind, name, title } of COMMANDS) {
    if (!commands.includes(name)) continue;
    const topic = {
      state_topic: topics.state(id),
      command_topic: topics.set(id, name),
      entity_category: 'config',
    };
    if (kind === 'switch') add('switch', name, title, topic);
    else {
      const range = { min: 0, max: 1000, step: 1, mode: 'box' };
      add('number', name, title, { ...topic, ...range, device_class: 'current', unit_of_measurement: 'A' });
    }
  }
  return found;
}

function classOf(row: ValueRow): Entity {
  if (row.quantity === 'flag') {
    const device_class = FLAGS[row.key];
    return device_class === undefined ? {} : { device_class };
  }
  return {
    ...SENSOR[row.quantity],
    // Meters of any quantity only grow.
    ...(row.group === 'meters' && { state_class: 'total_increasing' }),
    ...(row.key === 'cycles' && { state_class: 'total_increasing' }),
    ...(row.unit !== undefined && { unit_of_measurement: row.unit }),
    ...(row.digits !== undefined && { suggested_display_precision: row.digits }),
    ...(row.options !== undefined && { options: row.options }),
  };
}

function standing({ isDiagnostic, isHidden }: ValueRow): Entity {
  return {
    ...(isDiagnostic && { entity_category: 'diagnostic' }),
    ...(isHidden && { enabled_by_default: false }),
  };
}
