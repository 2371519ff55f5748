import { VERSION } from '../../version.ts';
import type { BridgedBattery } from '../output.ts';
import { type Entity, type EntityFacts, entitiesOf } from './entities.ts';
import { BRIDGE_ID, type Topics } from './topics.ts';

export type DiscoveryMode = 'device' | 'component' | 'off';

/** A retained message; an empty payload takes back what stands there. */
export interface DiscoveryMessage {
  readonly topic: string;
  readonly payload: string;
}

export interface DiscoveryOptions {
  readonly topics: Topics;
  readonly mode: DiscoveryMode;
  /** First level of the topics: "homeassistant". */
  readonly prefix: string;
}

const ORIGIN = { name: 'dbus-bms', sw_version: VERSION };
/** Short forms of the keys of a device message: it must fit into the buffers of small brokers. */
const SHORT: Readonly<Record<string, string>> = {
  availability: 'avty',
  availability_mode: 'avty_mode',
  command_topic: 'cmd_t',
  components: 'cmps',
  device: 'dev',
  device_class: 'dev_cla',
  enabled_by_default: 'en',
  entity_category: 'ent_cat',
  expire_after: 'exp_aft',
  options: 'ops',
  origin: 'o',
  platform: 'p',
  state_class: 'stat_cla',
  state_topic: 'stat_t',
  suggested_display_precision: 'sug_dsp_prc',
  unique_id: 'uniq_id',
  unit_of_measurement: 'unit_of_meas',
  value_template: 'val_tpl',
};

/** What tells Home Assistant, or a program that reads the same messages, of one battery. */
export function batteryDiscovery(
  options: DiscoveryOptions,
  { bank, name, view }: BridgedBattery,
  facts: EntityFacts,
): readonly DiscoveryMessage[] {
  const { topics } = options;
  const { facts: known, identity } = view;
  const { id } = facts;
  const device = {
    identifiers: [deviceId(topics, id)],
    name,
    ...texts({
      manufacturer: identity.manufacturer,
      model: known.model ?? identity.productName,
      serial_number: identity.serial,
      sw_version: known.firmwareVersion,
      hw_version: known.hardwareVersion,
    }),
    via_device: deviceId(topics, bank ?? BRIDGE_ID),
  };
  const availability = [{ topic: topics.availability(BRIDGE_ID) }, { topic: topics.availability(id) }];
  return messages(options, id, device, entitiesOf(topics, facts), { availability, availability_mode: 'all' });
}

/** The bridge as a device of its own, to which the batteries belong. */
export function bridgeDiscovery(options: DiscoveryOptions, host: string): readonly DiscoveryMessage[] {
  const { topics } = options;
  const device = {
    identifiers: [deviceId(topics, BRIDGE_ID)],
    name: `dbus-bms on ${host}`,
    manufacturer: 'dbus-bms',
    model: 'Bridge',
    sw_version: VERSION,
  };
  const entity = (platform: string, key: string, name: string, more: Entity): [string, Entity] => [
    key,
    {
      platform,
      unique_id: `${topics.unique(BRIDGE_ID)}_${key}`,
      name,
      entity_category: 'diagnostic',
      ...more,
    },
  ];
  const fromInfo = (key: string, more: Entity = {}): Entity => ({
    state_topic: topics.info(BRIDGE_ID),
    value_template: `{{ value_json.${key} }}`,
    ...more,
  });
  const entities = new Map([
    // Its state is its availability, so it must not depend on it.
    entity('binary_sensor', 'connection', 'Connection', {
      device_class: 'connectivity',
      state_topic: topics.availability(BRIDGE_ID),
      payload_on: 'online',
      payload_off: 'offline',
    }),
    entity('sensor', 'version', 'Version', fromInfo('version')),
    entity('sensor', 'batteries', 'Batteries', fromInfo('batteries', { state_class: 'measurement' })),
    entity('sensor', 'fault', 'Last fault', fromInfo('fault')),
  ]);
  return messages(options, BRIDGE_ID, device, entities, {});
}

/** Where discovery may have left messages for a battery: topics with wildcards for a subscription. */
export function discoveryFilters(
  { prefix, topics }: Omit<DiscoveryOptions, 'mode'>,
  id: string,
): readonly string[] {
  return [`${prefix}/device/${deviceId(topics, id)}/config`, `${prefix}/+/${deviceId(topics, id)}/+/config`];
}

function messages(
  { mode, prefix, topics }: DiscoveryOptions,
  id: string,
  device: Entity,
  entities: ReadonlyMap<string, Entity>,
  shared: Entity,
): readonly DiscoveryMessage[] {
  const object = deviceId(topics, id);
  if (mode === 'off') return [];
  if (mode === 'component') {
    return [...entities].map(([key, { platform, ...entity }]) => ({
      topic: `${prefix}/${String(platform)}/${object}/${key}/config`,
      payload: JSON.stringify({ ...entity, ...shared, device, origin: ORIGIN }),
    }));
  }
  // Most have the same topic: a component that has none takes that of the message.
  const common = [...entities.values()][0]?.['state_topic'];
  const components = Object.fromEntries(
    [...entities].map(([key, { state_topic, ...entity }]) => [
      key,
      state_topic === common ? entity : { ...entity, state_topic },
    ]),
  );
  const whole = { device, origin: ORIGIN, ...shared, state_topic: common, components };
  const payload = JSON.stringify(shortened(whole));
  return [{ topic: `${prefix}/device/${object}/config`, payload }];
}

function deviceId(topics: Topics, id: string): string {
  return `dbus-bms_${topics.unique(id)}`;
}

/** Short keys at the root and in each component; a device and an origin have short keys of their own, which are left. */
function shortened(message: Entity): Entity {
  return Object.fromEntries(
    Object.entries(message).map(([key, value]) => {
      const inner = key === 'components' && isEntity(value);
      const short = inner
        ? Object.fromEntries(
            Object.entries(value).map(([name, part]) => [name, isEntity(part) ? shortened(part) : part]),
          )
        : value;
      return [SHORT[key] ?? key, short];
    }),
  );
}

function isEntity(value: unknown): value is Entity {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Home Assistant wants texts here, and no empty ones. */
function texts(given: Readonly<Record<string, string | undefined>>): Entity {
  return Object.fromEntries(
    Object.entries(given).filter(([, text]) => text !== undefined && text.trim() !== ''),
  );
}
