import { readFileSync } from 'node:fs';

/**
 * What Home Assistant would say of a discovery message. The tables are data (`ha-mqtt.json`); a rule that is broken is
 * named by its id. Warnings count as breaks here: what is dropped silently is a misspelling.
 */

interface Table {
  readonly topic: { readonly pattern: string; readonly prefix: string };
  readonly abbreviations: Readonly<Record<'config' | 'device' | 'origin', Readonly<Record<string, string>>>>;
  readonly deviceDiscovery: {
    readonly rootKeys: readonly string[];
    readonly required: readonly string[];
    readonly sharedOptions: readonly string[];
    readonly device: { readonly keys: Readonly<Record<string, string>> };
    readonly origin: { readonly keys: Readonly<Record<string, string>> };
  };
  readonly platforms: Readonly<
    Record<
      string,
      {
        readonly required: readonly string[];
        readonly keys: Readonly<Record<string, string>>;
        readonly nullable?: readonly string[];
      }
    >
  >;
  readonly supportedComponents: readonly string[];
  readonly entityPlatforms: readonly string[];
  readonly deviceClasses: {
    readonly sensor: Readonly<
      Record<string, { readonly units: readonly (string | null)[]; readonly stateClasses: readonly string[] }>
    >;
  } & Readonly<Record<string, unknown>>;
  readonly stateClasses: readonly string[];
  readonly entityCategories: readonly string[];
  readonly numberModes: readonly string[];
  readonly qos: readonly number[];
  readonly availability: { readonly modes: readonly string[]; readonly entryKeys: readonly string[] };
  readonly consumers: { readonly domoticz: { readonly objectIdPatternSafe: string } };
  readonly examples: {
    readonly valid: readonly { readonly topic: string; readonly payload: Message }[];
    readonly invalid: readonly { readonly rule: string; readonly change: string }[];
  };
}

export type Message = Readonly<Record<string, unknown>>;

export const ORACLE: Table = JSON.parse(readFileSync(new URL('./ha-mqtt.json', import.meta.url), 'utf8'));

/** Rules that a message breaks, by id, with what breaks them. Empty: Home Assistant and Domoticz take it. */
export function broken(topic: string, message: Message): string[] {
  const faults: string[] = [];
  const fault = (rule: string, what: string): void => void faults.push(`${rule}: ${what}`);
  const { prefix, pattern } = ORACLE.topic;
  const match = new RegExp(pattern).exec(
    topic.startsWith(`${prefix}/`) ? topic.slice(prefix.length + 1) : '',
  );
  if (match === null) fault('topic', topic);
  const component = match?.[1];
  const root = expanded(message, 'config');
  if (component !== 'device') {
    const { device, origin, ...own } = root;
    checkDevice(device, origin, fault);
    checkComponent(match?.[3] ?? '', { ...own, platform: component }, {}, fault);
    return faults;
  }
  const { rootKeys, required, sharedOptions } = ORACLE.deviceDiscovery;
  for (const key of Object.keys(root)) if (!rootKeys.includes(key)) fault('root-closed', key);
  for (const key of required) if (!(key in root)) fault('root-required', key);
  checkDevice(root['device'], root['origin'], fault);
  checkAvailability(root, fault);
  const shared = Object.fromEntries(Object.entries(root).filter(([key]) => sharedOptions.includes(key)));
  const uniqueIds = new Set<unknown>();
  for (const [key, part] of Object.entries(isMessage(root['components']) ? root['components'] : {})) {
    if (!/^[a-zA-Z0-9_-]+$/.test(key)) fault('component-key', key);
    if (!isMessage(part)) {
      fault('component-platform', key);
      continue;
    }
    const own = expanded(part, 'config');
    const id = `${own['platform']} ${own['unique_id']}`;
    if (uniqueIds.has(id)) fault('unique-id', id);
    uniqueIds.add(id);
    checkComponent(key, own, shared, fault);
  }
  return faults;
}

/** Whether Domoticz takes the object id of a component as what it is. */
export function isDomoticzSafe(key: string): boolean {
  return new RegExp(ORACLE.consumers.domoticz.objectIdPatternSafe).test(key);
}

/** The components of a message in long keys, by their key; one for a message of a single component. */
export function componentsOf(topic: string, message: Message): ReadonlyMap<string, Message> {
  const root = expanded(message, 'config');
  if (!topic.includes('/device/')) return new Map([[topic.split('/').at(-2) ?? '', root]]);
  const parts = isMessage(root['components']) ? Object.entries(root['components']) : [];
  // A component takes from the message what it does not say itself.
  const shared = Object.fromEntries(
    Object.entries(root).filter(([key]) => ORACLE.deviceDiscovery.sharedOptions.includes(key)),
  );
  return new Map(
    parts.map(([key, part]) => [key, { ...shared, ...(isMessage(part) ? expanded(part, 'config') : {}) }]),
  );
}

type Fault = (rule: string, what: string) => void;

function checkDevice(device: unknown, origin: unknown, fault: Fault): void {
  const known = isMessage(device) ? expanded(device, 'device') : {};
  if (!('identifiers' in known) && !('connections' in known)) fault('root-required', 'device.identifiers');
  const made = isMessage(origin) ? expanded(origin, 'origin') : {};
  if (!('name' in made)) fault('root-required', 'origin.name');
  for (const [part, keys] of [
    [known, ORACLE.deviceDiscovery.device.keys],
    [made, ORACLE.deviceDiscovery.origin.keys],
  ] as const) {
    for (const [key, value] of Object.entries(part)) {
      const type = keys[key];
      if (type === undefined || !fits(type, value)) fault('root-closed', `device or origin: ${key}`);
    }
  }
}

function checkAvailability(own: Message, fault: Fault): void {
  if ('availability' in own && 'availability_topic' in own) fault('availability-exclusive', 'both are given');
  const entries = own['availability'];
  if (entries === undefined) return;
  for (const entry of Array.isArray(entries) ? entries : [entries]) {
    const known = isMessage(entry) ? expanded(entry, 'config') : {};
    const isWhole =
      'topic' in known && Object.keys(known).every((key) => ORACLE.availability.entryKeys.includes(key));
    if (!isWhole) fault('root-closed', 'availability');
  }
}

function checkComponent(key: string, own: Message, shared: Message, fault: Fault): void {
  const platform = String(own['platform']);
  if (!ORACLE.supportedComponents.includes(platform)) {
    fault('component-platform', `${key}: ${platform}`);
    return;
  }
  if (Object.keys(own).length === 1) return;
  if (ORACLE.entityPlatforms.includes(platform) && typeof own['unique_id'] !== 'string') {
    fault('component-unique-id', key);
  }
  const table = ORACLE.platforms[platform];
  if (table === undefined) return;
  for (const [name, value] of Object.entries(own)) {
    if (name === 'platform') continue;
    const type = table.keys[name];
    if (type === undefined)
      fault(name === 'object_id' ? 'object-id' : 'unknown-component-key', `${key}: ${name}`);
    else if (value === null ? table.nullable?.includes(name) !== true : !fits(type, value)) {
      fault(ruleOfType(type), `${key}: ${name} = ${JSON.stringify(value)}`);
    }
  }
  checkAvailability(own, fault);
  const merged = { ...shared, ...own };
  for (const name of table.required)
    if (merged[name as keyof typeof merged] === undefined) fault('topics', `${key}: ${name} is missing`);
  if (platform === 'sensor') checkSensor(key, merged, fault);
  if (platform === 'sensor' || platform === 'binary_sensor') {
    if (own['entity_category'] === 'config') fault('read-only-category', key);
  }
  if (platform === 'number') {
    const { min = 0, max = 100 } = own;
    if (!(Number(min) < Number(max))) fault('number-range', key);
  }
  if (platform !== 'sensor' && platform !== 'number' && own['device_class'] !== undefined) {
    const classes = ORACLE.deviceClasses[platform];
    if (Array.isArray(classes) && !classes.includes(own['device_class']))
      fault('unknown-component-key', `${key}: class`);
  }
}

function checkSensor(key: string, merged: Message, fault: Fault): void {
  const { device_class, last_reset_value_template, options, state_class, unit_of_measurement } = merged;
  const table = typeof device_class === 'string' ? ORACLE.deviceClasses.sensor[device_class] : undefined;
  const unit =
    typeof unit_of_measurement === 'string' && unit_of_measurement.trim() !== ''
      ? unit_of_measurement
      : undefined;
  if (device_class !== undefined && table === undefined)
    fault('unknown-component-key', `${key}: device_class`);
  if (table !== undefined && unit !== undefined && !table.units.includes(unit))
    fault('sensor-unit-of-class', `${key}: ${unit}`);
  if (table !== undefined && device_class !== 'enum' && unit === undefined && !table.units.includes(null)) {
    fault('sensor-unit-of-class', `${key}: no unit`);
  }
  if (table !== undefined && state_class !== undefined && !table.stateClasses.includes(String(state_class))) {
    fault(device_class === 'enum' ? 'sensor-enum' : 'sensor-state-class-of-class', `${key}: ${state_class}`);
  }
  if (device_class === 'enum' && unit !== undefined) fault('sensor-enum', key);
  const isList = Array.isArray(options) && options.length > 0;
  if (options !== undefined && (device_class !== 'enum' || !isList)) fault('sensor-options', key);
  if (last_reset_value_template !== undefined && state_class !== 'total') fault('sensor-last-reset', key);
}

function ruleOfType(type: string): string {
  if (type === 'icon') return 'icon';
  return type.endsWith('-topic') ? 'topics' : 'unknown-component-key';
}

function fits(type: string, value: unknown): boolean {
  const isText = typeof value === 'string';
  switch (type) {
    case 'string':
    case 'template':
      return isText;
    case 'string-or-null':
      return isText || value === null;
    case 'string-or-list-of-string':
      return isText || isTexts(value);
    case 'list-of-string':
      return isTexts(value);
    case 'subscribe-topic':
      return isText && value !== '' && !/[\p{Cc}]/u.test(value);
    case 'publish-topic':
      return isText && value !== '' && !/[\p{Cc}+#]/u.test(value);
    case 'bool':
      return typeof value === 'boolean';
    case 'int>=0':
      return Number.isInteger(value) && Number(value) >= 0;
    case 'number':
      return Number.isFinite(value);
    case 'number>=0.001':
      return Number.isFinite(value) && Number(value) >= 0.001;
    case 'icon':
      return isText && value.includes(':');
    case 'url':
      return isText && /^https?:\/\//.test(value);
    case 'configuration-url':
      return isText && /^(https?|homeassistant):\/\//.test(value);
    case 'list-of-availability':
    case 'object':
      return typeof value === 'object';
    case 'enum:entityCategories':
      return ORACLE.entityCategories.includes(String(value));
    case 'enum:availability.modes':
      return ORACLE.availability.modes.includes(String(value));
    case 'enum:qos':
      return ORACLE.qos.includes(Number(value));
    case 'enum:stateClasses':
      return ORACLE.stateClasses.includes(String(value));
    case 'enum:numberModes':
      return ORACLE.numberModes.includes(String(value));
    default:
      // Classes are looked at with their units; no message of ours has anything else.
      return type.startsWith('enum:deviceClasses');
  }
}

function expanded(message: Message, scope: keyof Table['abbreviations']): Record<string, unknown> {
  const long = ORACLE.abbreviations[scope];
  return Object.fromEntries(Object.entries(message).map(([key, value]) => [long[key] ?? key, value]));
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}
