import { readFileSync } from 'node:fs';
import { ConfigError } from '../../errors.ts';
import { ALARM_NAMES } from '../../model/alarms.ts';
import { CHEMISTRIES } from '../../model/chemistry.ts';
import { systemFault } from '../../system-fault.ts';
import { requestPattern } from '../line/line-faults.ts';
import { BUILTIN_SCENARIOS } from './builtin-scenarios.ts';
import {
  chance,
  flag,
  integer,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  or,
  type Parser,
  record,
  text,
} from './schema.ts';

/**
 * A scenario is plain data: packs, what charges and loads them, what happens when, and how the line misbehaves.
 * Times are seconds of the battery's own time from the start; currents > 0 charge.
 */
export type Scenario = ReturnType<typeof scenario>;
export type PackSpec = Scenario['packs'][number];
export type SourceSpec = Scenario['sources'][number];
export type LoadSpec = Scenario['loads'][number];
export type PatternSpec = LoadSpec['pattern'];
export type StepSpec = Scenario['steps'][number];
export type LineFaults = Scenario['line'];

/** When something is there: all conditions together. */
const pattern = object({
  from: or(number(0, 1e9), 0),
  until: optional(number(0, 1e9)),
  /** Seconds on and off in turn, beginning with on. */
  on: optional(number(1, 1e7)),
  off: or(number(0, 1e7), 0),
  /** Follows the sun between 6 and 20 o'clock. */
  sun: or(flag, false),
  /** Seconds from cloud to cloud, and how much light they may take. */
  cloudSeconds: optional(number(1, 1e5)),
  cloudDepth: or(number(0, 1), 0.8),
});

const source = object({
  name: or(text, 'charger'),
  /** W. */
  power: number(0, 1e6),
  /** How far its own voltage stands above the charge voltage limit, V. */
  offset: or(number(-5, 5), 0),
  /** False: feeds in, so that only its voltage holds it back. */
  obeysCurrentLimit: or(flag, true),
  /** A that it may draw from the battery to bring it down to its voltage (ESS). */
  pullsDown: or(number(0, 1e4), 0),
  pattern: or(pattern, {}),
});

const load = object({ power: number(0, 1e6), pattern: or(pattern, {}) });

const cellOffsets = record((name, path) => String(integer(1, 32)(Number(name), path)), number(-100, 20));

const line = object({
  /** How likely a request stays without an answer. */
  silent: or(chance, 0),
  /** Requests that are never answered, as `neverAnswered` reads them. */
  silentTo: or(list(requestPattern, 0, 32), []),
  /** Bytes of noise ahead of every answer. */
  garbage: or(integer(0, 4096), 0),
  /** How likely one bit of a byte is turned. */
  bitflips: or(number(0, 1), 0),
  delayMs: or(number(0, 600_000), 0),
  /** How likely an answer breaks off. */
  truncate: or(chance, 0),
  /** The request comes back ahead of the answer. */
  echo: or(flag, false),
  unplug: or(flag, false),
});

const pack = object({
  address: or(integer(0, 255), 1),
  cells: or(integer(3, 32), 16),
  /** Ah. */
  capacity: or(number(1, 5000), 280),
  soc: or(number(0, 100.5), 60),
  /** Deviation from cell to cell: SoC in points of %, capacity and resistance in % of themselves. */
  spread: or(number(0, 20), 0),
  capacitySpread: or(number(0, 20), 0),
  resistanceSpread: or(number(0, 50), 0),
  /** Cell number (1 = first) and how many points of SoC it is ahead. */
  cellOffsets: or(cellOffsets, {}),
  /** Cell number and its part of the capacity. */
  cellCapacities: or(
    record((name, path) => String(integer(1, 32)(Number(name), path)), number(0.3, 1.2)),
    {},
  ),
  /** Factor to the resistance of a good cell of this size. */
  resistance: or(number(0, 20), 1),
  /** Cables to the charger, ohm. */
  wiring: or(number(0.0001, 1), 0.003),
  /** A second, slow pair of polarisation (1200 s) beside the one of 90 s. */
  slowPolarisation: or(flag, false),
  /** V. */
  hysteresis: or(number(0, 0.1), 0),
  /** % of the capacity in a month. */
  selfDischarge: or(number(0, 100), 2),
  /** degC at the start; absent: that of the surroundings. */
  temperature: optional(number(-40, 90)),
  balancer: or(
    nullable(
      object({
        current: or(number(0, 20), 0.1),
        /** Absent: at the knee of the chemistry. V. */
        startVoltage: optional(number(1, 5)),
        /** Bleeds cells that stand this far above the lowest, V. */
        difference: or(number(0.001, 1), 0.01),
      }),
    ),
    {},
  ),
  /** Deviation of the noise of a cell reading, V. */
  noise: or(number(0, 0.1), 0.0005),
  /** A that the shunt reads too much. */
  currentOffset: or(number(-50, 50), 0),
  /** Counter less truth at the start, points of %, and its gain. */
  socError: or(number(-100, 100), 0),
  counterGain: or(number(0.5, 1.5), 1),
  /** The counter jumps to 100 % when a cell shows this much; absent: never. V. */
  fullCellVoltage: optional(number(1, 5)),
  /** A that the BMS allows for long, both ways; absent: 1 C, at most 200 A. */
  maxCurrent: optional(number(1, 5000)),
  cycles: or(integer(0, 65535), 42),
  sensors: or(integer(1, 8), 2),
  /** Absent: made from the address. */
  serialNumber: optional(text),
  /** How the answers of this pack alone misbehave; absent: as those of all. */
  line: optional(line),
});

const CURRENT = number(-5000, 5000);

const step = object({
  at: number(0, 1e9),
  /** A into the battery whatever sources and loads want; null returns to them. */
  current: optional(nullable(CURRENT)),
  /** W, like `current`. */
  power: optional(nullable(number(-1e6, 1e6))),
  /** Brings all cells to this charge, and the counter too; %. */
  soc: optional(number(0, 100.5)),
  /** Moves only what the BMS believes, %. */
  shownSoc: optional(number(0, 100)),
  cellOffsets: optional(cellOffsets),
  temperature: optional(number(-40, 90)),
  ambient: optional(number(-40, 90)),
  chargeFet: optional(flag),
  dischargeFet: optional(flag),
  /** Levels that the BMS reports whatever it sees; null returns to what it sees. */
  alarms: optional(nullable(record(oneOf(ALARM_NAMES), oneOf([0, 1, 2] as const)))),
  /** What chargers hold and how much current they may give: V, A. */
  chargeVoltage: optional(number(0, 200)),
  chargeCurrent: optional(number(0, 5000)),
  /** Takes the place of all loads, W; null returns to them. */
  load: optional(nullable(number(0, 1e6))),
  line: optional(line),
});

const scenario = object({
  name: or(text, 'unnamed'),
  seed: or(integer(0, 0xffffffff), 1),
  chemistry: or(oneOf(CHEMISTRIES), 'lfp'),
  packs: or(list(pack, 1, 16), [{}]),
  /** degC. */
  ambient: or(number(-40, 90), 22),
  /** Hour of the day at the start. */
  hour: or(number(0, 24), 8),
  /** V that the chargers hold until a driver tells them; absent: the absorption voltage of the chemistry. */
  chargeVoltage: optional(number(0, 200)),
  chargeCurrent: optional(number(0, 5000)),
  sources: or(list(source, 0, 8), []),
  loads: or(list(load, 0, 16), []),
  steps: or(list(step, 0, 10_000), []),
  /** A device of the type that behaves in another way (`Responder.variants`); absent: the usual one. */
  variant: optional(text),
  /** Seconds after which the steps begin anew. */
  repeatEvery: optional(number(1, 1e9)),
  line: or(line, {}),
}) satisfies Parser<unknown>;

/** Completes and checks a scenario; a ConfigError names the value that is wrong. */
export function parseScenario(value: unknown): Scenario {
  const parsed = scenario(value, '');
  const [first] = parsed.packs;
  const addresses = new Set(parsed.packs.map((one) => one.address));
  if (addresses.size < parsed.packs.length)
    throw new ConfigError('packs: two packs have the same address; give each its own "address"');
  for (const [index, one] of parsed.packs.entries()) {
    if (one.cells !== first?.cells)
      throw new ConfigError(`packs[${index}].cells: packs in parallel need the same number of cells`);
    for (const key of ['cellOffsets', 'cellCapacities'] as const) {
      const beyond = Object.keys(one[key]).find((cell) => Number(cell) > one.cells);
      if (beyond !== undefined)
        throw new ConfigError(`packs[${index}].${key}.${beyond}: the pack has ${one.cells} cells`);
    }
  }
  for (const [index, one] of parsed.steps.entries()) {
    const beyond = Object.keys(one.cellOffsets ?? {}).find((cell) => Number(cell) > (first?.cells ?? 0));
    if (beyond !== undefined)
      throw new ConfigError(`steps[${index}].cellOffsets.${beyond}: the packs have ${first?.cells} cells`);
    if (one.at < (parsed.steps[index - 1]?.at ?? 0))
      throw new ConfigError(`steps[${index}].at: steps must be in the order of time`);
    if (parsed.repeatEvery !== undefined && one.at >= parsed.repeatEvery)
      throw new ConfigError(`steps[${index}].at: must be below repeatEvery (${parsed.repeatEvery})`);
  }
  return parsed;
}

/** A built-in scenario by its name, else a JSON file. */
export function loadScenario(nameOrFile: string): Scenario {
  const builtin = Object.hasOwn(BUILTIN_SCENARIOS, nameOrFile) ? BUILTIN_SCENARIOS[nameOrFile] : undefined;
  if (builtin !== undefined) return parseScenario({ name: nameOrFile, ...builtin });
  const known = `built in are ${Object.keys(BUILTIN_SCENARIOS).join(', ')}`;
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(nameOrFile, 'utf8'));
  } catch (cause) {
    const why = cause instanceof SyntaxError ? 'it is not JSON' : systemFault(cause);
    throw new ConfigError(`scenario ${nameOrFile}: ${why}; ${known}`, { cause });
  }
  try {
    return parseScenario(content);
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause;
    throw new ConfigError(`scenario ${nameOrFile}: ${cause.message}`, { cause });
  }
}
