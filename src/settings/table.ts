import { CHEMISTRIES } from '../model/chemistry.ts';

/** One setting of the configuration file: what it may be, what it means, and what takes its place when it is wrong. */
export interface Setting {
  /** `section.name`; the name alone is unique over the whole table. */
  readonly key: `${string}.${string}`;
  readonly type:
    | 'number'
    | 'integer'
    | 'boolean'
    | 'text'
    | 'choice'
    | 'integers'
    | 'rows'
    /** A list of texts. */
    | 'texts'
    /** Texts, or whole numbers, under names that the owner chooses. */
    | 'labels'
    | 'numbers';
  /** One sentence for the owner of the battery. */
  readonly help: string;
  readonly unit?: string;
  /** Bounds of a number; of the length of a text. */
  readonly min?: number;
  readonly max?: number;
  /** The words of a choice; the only numbers allowed, where not every one between the bounds makes sense. */
  readonly values?: readonly (string | number)[];
  /** What people write for a word of a choice, in small letters, and the word that they mean. */
  readonly alsoCalled?: Readonly<Record<string, string>>;
  /** Words that may stand in place of the number or list. */
  readonly words?: readonly string[];
  /** Bounds of the two columns of `rows`. */
  readonly columns?: readonly [Column, Column];
  /** Absent: decided from the readings, the BMS or the chemistry; `otherwise` says how. */
  readonly default?: SettingValue;
  readonly otherwise?: string;
  /** Used while the written value is wrong; absent: the default. Never looser than the default. */
  readonly safe?: SettingValue;
  /** Which end is the safer one: of two values that contradict each other, that one counts. False is low, true high. */
  readonly saferEnd?: 'low' | 'high';
  /** One of the few settings that an ordinary installation needs. */
  readonly usual?: true;
  /** The text is an address with one of these schemes; a password has no place in it. */
  readonly schemes?: readonly string[];
  /** What it stands in cannot be used without it. */
  readonly isNeeded?: true;
  /** Never shown; allowed only in a file that nobody else may read. */
  readonly isSecret?: true;
  /** It names a file of mode 0600 that holds this secret setting of the same table. */
  readonly fileOf?: string;
}

interface Column {
  readonly unit: string;
  readonly min: number;
  readonly max: number;
}

export type SettingValue =
  | string
  | number
  | boolean
  | readonly number[]
  | readonly (readonly [number, number])[]
  | readonly string[]
  | Readonly<Record<string, string | number>>;

export const SETTINGS = [
  {
    key: 'battery.chemistry',
    type: 'choice',
    values: ['auto', ...CHEMISTRIES],
    alsoCalled: {
      lifepo4: 'lfp',
      lifepo: 'lfp',
      life: 'lfp',
      lithiumironphosphate: 'lfp',
      nca: 'nmc',
      liion: 'nmc',
      lithiumion: 'nmc',
      titanate: 'lto',
      lithiumtitanate: 'lto',
      li4ti5o12: 'lto',
      sodium: 'naion',
      sodiumion: 'naion',
      natrium: 'naion',
    },
    default: 'auto',
    usual: true,
    help: 'Cell chemistry; "auto" takes what the BMS type fixes, else LiFePO4 ("lfp").',
  },
  {
    key: 'battery.cellCount',
    type: 'integer',
    min: 3,
    max: 32,
    unit: 'cells',
    otherwise: 'as the BMS says',
    help: 'Cells in series; when stated, a BMS that reports another number gets no charge and no discharge.',
  },
  {
    key: 'battery.capacity',
    type: 'number',
    min: 5,
    max: 5000,
    unit: 'Ah',
    otherwise: 'as the BMS says',
    usual: true,
    help: 'Capacity of the battery, for a BMS that does not tell it.',
  },
  {
    key: 'battery.currentGain',
    type: 'number',
    min: 0.1,
    max: 10,
    default: 1,
    help: 'The current that the BMS tells is multiplied by this before anything uses it.',
  },
  {
    key: 'battery.currentOffset',
    type: 'number',
    min: -50,
    max: 50,
    unit: 'A',
    default: 0,
    help: 'And this is added, for a sensor that shows a current where none flows.',
  },
  {
    key: 'limits.maxChargeCurrent',
    type: 'number',
    min: 0.5,
    max: 1000,
    unit: 'A',
    words: ['auto'],
    otherwise: 'decided by the charge profile, at most 50 A',
    safe: 10,
    saferEnd: 'low',
    usual: true,
    help: 'Most charge current for this battery; "auto" follows the BMS (90 % of its limit, at most 0.5 C).',
  },
  {
    key: 'limits.maxDischargeCurrent',
    type: 'number',
    min: 0.5,
    max: 1000,
    unit: 'A',
    words: ['auto'],
    otherwise: 'decided by the charge profile, at most 60 A',
    safe: 20,
    saferEnd: 'low',
    usual: true,
    help: 'Most discharge current for this battery; "auto" follows the BMS (90 % of its limit, at most 0.5 C).',
  },
  {
    key: 'limits.honourBmsLimits',
    type: 'boolean',
    default: true,
    saferEnd: 'high',
    help: 'Lower the limits to those that the BMS reports; it can never raise them.',
  },
  {
    key: 'limits.temperatureTable',
    type: 'rows',
    columns: [
      { unit: '°C', min: -40, max: 80 },
      { unit: 'C', min: 0, max: 2 },
    ],
    otherwise: 'the curve of the charge profile',
    help: 'Charge current over cell temperature as rows of [°C, fraction of the capacity], coldest first, straight lines between.',
  },
  {
    key: 'charge.profile',
    type: 'choice',
    values: ['adaptive', 'soc-steps'],
    default: 'adaptive',
    help: 'How limits are found: "adaptive" follows the cells and the state of charge, "soc-steps" is the classic table over the state of charge.',
  },
  {
    key: 'charge.absorbCellVoltage',
    type: 'number',
    min: 2,
    max: 4.25,
    unit: 'V',
    otherwise: 'preset of the chemistry (3.45 V for lfp)',
    saferEnd: 'low',
    help: 'Charge voltage per cell until the battery is full.',
  },
  {
    key: 'charge.floatCellVoltage',
    type: 'number',
    min: 2,
    max: 4.25,
    unit: 'V',
    otherwise: 'preset of the chemistry (3.35 V for lfp)',
    saferEnd: 'low',
    help: 'Voltage per cell at which a full battery is kept.',
  },
  {
    key: 'charge.minCellVoltage',
    type: 'number',
    min: 1.75,
    max: 3.7,
    unit: 'V',
    otherwise: 'preset of the chemistry (2.90 V for lfp)',
    saferEnd: 'high',
    help: 'Voltage per cell at which the battery counts as empty.',
  },
  {
    key: 'charge.rebulkSoc',
    type: 'number',
    min: 10,
    max: 99,
    unit: '%',
    default: 90,
    saferEnd: 'low',
    help: 'A full battery is charged again when its state of charge falls to this.',
  },
  {
    key: 'charge.fullChargeDays',
    type: 'number',
    min: 0,
    max: 365,
    unit: 'days',
    default: 14,
    help: 'Longest time between two full charges, which balance the cells and correct the state of charge; 0 = never forced.',
  },
  {
    key: 'charge.topBalanceDays',
    type: 'number',
    min: 0,
    max: 365,
    unit: 'days',
    default: 0,
    help: 'Time between charges to a slightly higher voltage that level the cells; 0 = never.',
  },
  {
    key: 'charge.dailySocMax',
    type: 'number',
    min: 50,
    max: 100,
    unit: '%',
    default: 100,
    safe: 80,
    saferEnd: 'low',
    help: 'Everyday ceiling of the state of charge, to make the cells live longer; fullChargeDays goes above it.',
  },
  {
    key: 'charge.voltageDrop',
    type: 'number',
    min: 0,
    max: 1,
    unit: 'V',
    default: 0,
    saferEnd: 'low',
    help: 'Voltage lost in the cables between charger and battery, added to the charge voltage; at most 0.031 V per cell.',
  },
  {
    key: 'soc.socSource',
    type: 'choice',
    values: ['bms', 'counter'],
    default: 'bms',
    help: 'Where the state of charge comes from: the BMS, or a counter in this driver that is set to 100 % at each full charge.',
  },
  {
    key: 'connection.bms',
    type: 'text',
    min: 2,
    max: 30,
    default: 'auto',
    help: 'BMS type on this port, a driver or a family such as "jbd" or "daly"; "auto" finds out.',
  },
  {
    key: 'connection.address',
    type: 'integers',
    min: 0,
    max: 255,
    words: ['auto'],
    default: 'auto',
    help: 'Address of the BMS on its cable, or a list of them such as [1, 2, 3]; "auto" tries the usual ones.',
  },
  {
    key: 'connection.baudRate',
    type: 'integer',
    values: [1200, 2400, 4800, 9600, 14400, 19200, 38400, 57600, 115200, 230400, 460800, 921600],
    words: ['auto'],
    default: 'auto',
    unit: 'baud',
    help: 'Speed of the serial line; "auto" tries those that the BMS type can have.',
  },
  {
    key: 'connection.pollInterval',
    type: 'number',
    min: 0.25,
    max: 60,
    unit: 's',
    default: 1,
    help: 'Time between two readings.',
  },
  {
    key: 'connection.invertCurrent',
    type: 'boolean',
    default: false,
    help: 'Turn the sign of the current, for a BMS whose shunt is wired the other way round (charging must be positive).',
  },
  {
    key: 'connection.blockOnDisconnect',
    type: 'boolean',
    default: false,
    safe: true,
    saferEnd: 'high',
    help: 'Stop charge and discharge 10 s after the BMS fell silent instead of going on with care.',
  },
  {
    key: 'connection.graceMinutes',
    type: 'number',
    min: 0,
    max: 30,
    unit: 'minutes',
    default: 10,
    safe: 1,
    saferEnd: 'low',
    help: 'How long the battery may go on with small currents after the BMS fell silent, if its cells were in the safe middle.',
  },
  {
    key: 'switches.allowSwitches',
    type: 'boolean',
    default: false,
    saferEnd: 'low',
    help: 'Let the display and D-Bus operate the charge, discharge and balancer switches of the BMS; otherwise nothing is ever written to it.',
  },
  {
    key: 'identity.batteryId',
    type: 'text',
    min: 1,
    max: 40,
    default: 'auto',
    help: 'Name under which instance and history are remembered; "auto" takes the serial number of the BMS, else its type, hardware path and address.',
  },
  {
    key: 'identity.deviceInstance',
    type: 'integer',
    min: 0,
    max: 65535,
    otherwise: 'assigned by Venus OS',
    help: 'Device instance on the GX device and in VRM.',
  },
  {
    key: 'identity.customName',
    type: 'text',
    min: 1,
    max: 32,
    otherwise: 'the name of the BMS',
    help: 'Name of the battery on the display.',
  },
  {
    key: 'log.level',
    type: 'choice',
    values: ['error', 'warn', 'info', 'debug'],
    default: 'info',
    help: 'How much is logged; "debug" includes every frame.',
  },
] as const satisfies readonly Setting[];

type Row = (typeof SETTINGS)[number];
type Leaf<K> = K extends `${string}.${infer L}` ? L : never;
type Word<S> = S extends { words: readonly (infer W)[] } ? W : never;
/** What the value of a setting of this row is. */
export type ValueOf<S> = S extends { type: 'boolean' }
  ? boolean
  : S extends { type: 'choice'; values: readonly (infer V)[] }
    ? V
    : S extends { type: 'number' | 'integer' }
      ? number | Word<S>
      : S extends { type: 'integers' }
        ? readonly number[] | Word<S>
        : S extends { type: 'rows' }
          ? readonly (readonly [number, number])[]
          : S extends { type: 'texts' }
            ? readonly (S extends { values: readonly (infer V)[] } ? V : string)[]
            : S extends { type: 'labels' }
              ? Readonly<Record<string, string>>
              : S extends { type: 'numbers' }
                ? Readonly<Record<string, number>>
                : string;

/** The name of a setting without its section. */
export type SettingName = Leaf<Row['key']>;

/** The settings in force for one port; those without a default are absent until the owner states them. */
export type Settings = {
  readonly [S in Row as S extends { default: SettingValue } ? Leaf<S['key']> : never]: ValueOf<S>;
} & {
  readonly [S in Row as S extends { default: SettingValue } ? never : Leaf<S['key']>]?: ValueOf<S>;
};

/** `section` and `name` of a key such as `limits.maxChargeCurrent`. */
export function splitKey(key: Setting['key']): readonly [section: string, name: string] {
  const dot = key.indexOf('.');
  return [key.slice(0, dot), key.slice(dot + 1)];
}

/** Every setting by its name. */
export const SETTING_BY_NAME: ReadonlyMap<string, Setting> = new Map(
  SETTINGS.map((setting) => [splitKey(setting.key)[1], setting]),
);

export const SECTIONS: readonly string[] = [...new Set(SETTINGS.map(({ key }) => splitKey(key)[0]))];

/** Settings from values by name, as the table types them. */
export function settingsFrom(values: ReadonlyMap<string, SettingValue>): Settings {
  const entries: [string, SettingValue][] = [];
  for (const [name, setting] of SETTING_BY_NAME) {
    const value = values.get(name) ?? setting.default;
    if (value !== undefined) entries.push([name, value]);
  }
  // Object.fromEntries cannot say which names it was given; `readValue` holds each value to the type in its row.
  return Object.fromEntries(entries) as Settings;
}

export const DEFAULT_SETTINGS: Settings = settingsFrom(new Map());
