import { describe, expect, it } from 'vitest';
import type { BatteryView } from '../../src/battery/battery-view.ts';
import type { PackReading } from '../../src/model/reading.ts';
import { batteryDiscovery, bridgeDiscovery, type DiscoveryMode } from '../../src/output/mqtt/discovery.ts';
import {
  cellsDocument,
  infoDocument,
  stateDocument,
  valuesDocument,
} from '../../src/output/mqtt/payloads.ts';
import { Seen } from '../../src/output/mqtt/seen.ts';
import { Topics } from '../../src/output/mqtt/topics.ts';
import type { BridgedBattery } from '../../src/output/output.ts';
import { pathsOf } from '../../src/venus/battery-paths.ts';
import { settle } from '../../src/venus/path-line.ts';
import { readView } from '../../src/venus/read-view.ts';
import { casesOf, vectorFamilies } from '../contract/vectors.ts';
import { STATE } from '../support/battery-state.ts';
import { broken, componentsOf, isDomoticzSafe, type Message, ORACLE } from './oracle.ts';

const TOPICS = new Topics('dbus-bms');
const PREFIX = 'homeassistant';
const ALL_WISHES = new Set([
  'ForceChargingOff',
  'ForceDischargingOff',
  'TurnBalancingOff',
  'MaxChargeCurrent',
  'MaxDischargeCurrent',
]);
const ALL_COMMANDS = ['charge', 'discharge', 'balancing_set', 'charge_limit_set', 'discharge_limit_set'];

/** The battery as the bridge sees it: told on the bus and read back. */
function bridged(view: BatteryView, more: Partial<BridgedBattery> = {}): BridgedBattery {
  const items = new Map(
    pathsOf(view).map((line) => [line.path, { value: settle(line, line.value(view)), text: '' }] as const),
  );
  const seen = readView('com.victronenergy.battery.ttyUSB0', items);
  return { id: 'A100', name: 'House', isOnBus: true, view: seen, wishes: ALL_WISHES, ...more };
}

function viewOf(reading: PackReading): BatteryView {
  return { ...STATE, reading, facts: reading };
}

function messagesOf(
  battery: BridgedBattery,
  mode: DiscoveryMode,
  commands: readonly string[] = ALL_COMMANDS,
) {
  const seen = new Seen();
  seen.add(battery);
  const facts = seen.factsOf(battery, { commands, period: 5 });
  return batteryDiscovery({ topics: TOPICS, mode, prefix: PREFIX }, battery, facts).map(
    ({ topic, payload }) => ({
      topic,
      message: JSON.parse(payload) as Message,
    }),
  );
}

const VECTORS = vectorFamilies().flatMap((family) =>
  casesOf(family)
    .filter(({ refused }) => !refused)
    .flatMap((vector) => {
      // A vector says null for what must be absent.
      const told = Object.entries(vector.expect).filter(([, value]) => value !== null);
      const reading: PackReading = Object.fromEntries(told);
      return typeof reading.voltage === 'number' ? [[`${family}: ${vector.name}`, reading] as const] : [];
    }),
);

describe('the oracle', () => {
  it('accepts its own valid example', () => {
    for (const { topic, payload } of ORACLE.examples.valid) expect(broken(topic, payload)).toEqual([]);
  });

  const [valid] = ORACLE.examples.valid;
  if (valid === undefined) throw new Error('there is a valid example');
  const change = (
    edit: (root: Record<string, Record<string, Record<string, unknown>>>) => void,
    topic = valid.topic,
  ) => {
    const copy = structuredClone(valid.payload) as Record<string, Record<string, Record<string, unknown>>>;
    edit(copy);
    return broken(topic, copy);
  };
  const component = (key: string, values: Message) =>
    change((root) => Object.assign(root['cmps']?.[key] ?? {}, values));

  /** Each example of what is wrong, as a change of the valid message. */
  const WRONG: Readonly<Record<string, readonly (() => string[])[]>> = {
    'root-closed': [
      () => change((root) => Object.assign(root, { '~': 'x' })),
      () => change((root) => Object.assign(root, { name: 'x' })),
    ],
    'root-required': [
      () => change((root) => void delete root['o']),
      () => change((root) => void delete root['o']?.['name']),
      () => change((root) => void delete root['dev']?.['ids']),
    ],
    'component-unique-id': [() => component('voltage', { uniq_id: undefined })],
    'component-platform': [() => component('voltage', { p: 'sensors' })],
    'sensor-unit-of-class': [
      () => component('energy_in', { unit_of_meas: 'Ah' }),
      () => component('energy_in', { unit_of_meas: 'mAh' }),
      () => component('voltage', { dev_cla: 'temperature', unit_of_meas: 'C' }),
      () => component('soc', { unit_of_meas: 'N' }),
    ],
    'sensor-state-class-of-class': [
      () => component('energy_in', { stat_cla: 'measurement' }),
      () => component('soc', { stat_cla: 'total' }),
    ],
    'sensor-options': [
      () => component('voltage', { ops: ['a'] }),
      () => component('charge_mode', { ops: [] }),
    ],
    'sensor-enum': [() => component('charge_mode', { stat_cla: 'measurement' })],
    'read-only-category': [() => component('voltage', { ent_cat: 'config' })],
    'number-range': [() => component('limit', { min: 200, max: 200 })],
    'unknown-component-key': [() => component('voltage', { native_unit_of_measurement: 'V' })],
    'object-id': [() => component('voltage', { object_id: 'x' })],
    topics: [() => component('charge', { cmd_t: 'a/#' })],
    icon: [() => component('voltage', { ic: 'battery' })],
    topic: [
      () => change(() => {}, 'homeassistant/device/dbus bms/config'),
      () => change(() => {}, 'homeassistant/device/dbus.bms/config'),
    ],
  };

  it.each(ORACLE.examples.invalid.map(({ rule, change: what }) => [rule, what]))('refuses %s: %s', (rule) => {
    const edits = WRONG[rule] ?? [];
    expect(edits.length).toBeGreaterThan(0);
    for (const edit of edits) expect(edit().map((fault) => fault.split(':')[0])).toContain(rule);
  });
});

describe('discovery', () => {
  it('has vectors of every family to try', () => {
    expect(VECTORS.length).toBeGreaterThan(30);
  });

  it.each(VECTORS)(
    'is accepted by Home Assistant for %s, and every entity finds its value',
    (_name, reading) => {
      const battery = bridged(viewOf(reading));
      const seen = new Seen();
      seen.add(battery);
      const state = stateDocument(battery, ALL_COMMANDS);
      const documents: Readonly<Record<string, Message>> = {
        [TOPICS.state('A100')]: state,
        [TOPICS.cells('A100')]: cellsDocument(battery.view, seen.cellsOf('A100')),
        [TOPICS.meters('A100')]: valuesDocument('meters', battery.view),
      };
      for (const mode of ['device', 'component'] as const) {
        for (const { topic, message } of messagesOf(battery, mode)) {
          expect(broken(topic, message)).toEqual([]);
          for (const [key, entity] of componentsOf(topic, message)) {
            const held = documents[String(entity['state_topic'])] ?? {};
            expect(held, key).toHaveProperty(key);
            expect(entity['value_template']).toBe(`{{ value_json.${key} }}`);
            const value = held[key];
            if (entity['device_class'] === 'enum') expect(entity['options']).toContain(value);
            else if (entity['platform'] === 'binary_sensor') expect(['ON', 'OFF']).toContain(value);
            else if (entity['unit_of_measurement'] !== undefined && value !== null)
              expect(value).toBeTypeOf('number');
            if (typeof value === 'string') expect(value.length).toBeLessThanOrEqual(255);
            expect(isDomoticzSafe(key), key).toBe(true);
          }
        }
      }
      expect(infoDocument(battery)['id']).toBe('A100');
    },
  );

  it('tells of cells, meters and what may be asked, in one message of less than 12 kB', () => {
    const [message, ...others] = messagesOf(bridged(STATE), 'device');
    expect(others).toEqual([]);
    const keys = [...componentsOf(message?.topic ?? '', message?.message ?? {}).keys()];
    expect(keys).toEqual(
      expect.arrayContaining([
        'voltage',
        'soc',
        'cell_01',
        'cell_16',
        'energy_in',
        'charge',
        'charge_limit_set',
      ]),
    );
    expect(keys).not.toContain('cell_17');
    expect(JSON.stringify(message?.message).length).toBeLessThan(12_000);
  });

  it('announces only what may be asked and what the battery takes', () => {
    const keys = (battery: BridgedBattery, commands: readonly string[]) =>
      messagesOf(battery, 'device', commands).flatMap(({ topic, message }) => [
        ...componentsOf(topic, message).keys(),
      ]);
    expect(keys(bridged(STATE), [])).not.toContain('charge');
    expect(keys(bridged(STATE, { wishes: new Set() }), ALL_COMMANDS)).not.toContain('charge');
    expect(keys(bridged(STATE), ['charge'])).toContain('charge');
    expect(keys(bridged(STATE), ['charge'])).not.toContain('discharge');
  });

  it('counts the energy of a pack at its bank only', () => {
    const [pack] = messagesOf(bridged(STATE, { bank: 'B1' }), 'device');
    const keys = [...componentsOf(pack?.topic ?? '', pack?.message ?? {}).keys()];
    expect(keys).not.toContain('energy_in');
    expect(pack?.message['dev']).toMatchObject({ via_device: 'dbus-bms_B1' });
  });

  it('keeps its ids when the battery is renamed, its port changes, or values are missing', () => {
    const ids = (battery: BridgedBattery) =>
      messagesOf(battery, 'component').map(({ message }) => message['unique_id']);
    const all = ids(bridged(STATE));
    const renamed = { ...STATE, identity: { ...STATE.identity, customName: 'Boat', connection: 'ttyUSB7' } };
    expect(ids(bridged(renamed, { name: 'Boat' }))).toEqual(all);
    const { soh: _, ...fewer } = STATE.reading ?? {};
    for (const id of ids(bridged({ ...STATE, reading: fewer }))) expect(all).toContain(id);
  });

  it('has the site in every topic and id, so that sites on one broker do not meet', () => {
    const topics = new Topics('dbus-bms', 'Haus am See');
    const battery = bridged(STATE);
    const seen = new Seen();
    seen.add(battery);
    const facts = seen.factsOf(battery, { commands: [], period: 5 });
    for (const mode of ['device', 'component'] as const) {
      for (const { topic, payload } of [
        ...batteryDiscovery({ topics, mode, prefix: PREFIX }, battery, facts),
        ...bridgeDiscovery({ topics, mode, prefix: PREFIX }, 'einstein'),
      ]) {
        expect(broken(topic, JSON.parse(payload))).toEqual([]);
        expect(topic).toContain('dbus-bms_Haus_am_See_');
        expect(payload).not.toMatch(/"dbus-bms\/(A100|bridge)/);
      }
    }
  });

  it('of the bridge itself is accepted', () => {
    for (const mode of ['device', 'component'] as const) {
      const messages = bridgeDiscovery({ topics: TOPICS, mode, prefix: PREFIX }, 'einstein');
      expect(messages.length).toBeGreaterThan(0);
      for (const { topic, payload } of messages) expect(broken(topic, JSON.parse(payload))).toEqual([]);
    }
    expect(bridgeDiscovery({ topics: TOPICS, mode: 'off', prefix: PREFIX }, 'einstein')).toEqual([]);
  });
});
