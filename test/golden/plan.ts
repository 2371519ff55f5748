import type { Circumstances, Opened, Outside } from './conversation.ts';
import type { Kind } from './plan-kinds.ts';

/** What a recording is made of; times in s of the program. */
export interface Plan {
  /** "jbd/single": folder and name of the files. */
  readonly name: string;
  readonly circumstances: Circumstances;
  readonly outside: readonly Outside[];
  /** Of the simulator, in the time of the battery, which is `speed` times as fast. */
  readonly scenario: unknown;
  readonly speed: number;
  /** At which of its line settings the BMS is; absent: the usual one. */
  readonly lineIndex?: number;
  /** When the port cannot be opened. */
  readonly closed: readonly { readonly from: number; readonly until: number; readonly opened: Opened }[];
  /** When one pack of a bank is silent. */
  readonly silent: readonly { readonly address: number; readonly from: number; readonly until: number }[];
}

export type Step = { readonly at: number } & Readonly<Record<string, unknown>>;

/** One battery lives its day in some minutes, so that a recording of a few hundred polls sees all of it. */
export const SPEED = 6;
const INTERVAL_S = 4;

export const PACK = { capacity: 50, cells: 16, noise: 0.0002 };

export function scenarioOf(
  kind: Kind,
  steps: readonly Step[],
  packs: readonly object[],
  seed: number,
): unknown {
  const { cells, chemistry = 'lfp' } = kind;
  return {
    seed,
    chemistry,
    packs: packs.map((pack) => ({ ...pack, cells })),
    sources: [{ power: 90 * cells * packs.length, pullsDown: 2 }],
    loads: [{ power: 5 * cells, pattern: { from: 300, on: 700, off: 500 } }],
    steps: steps.map((step) => ({ ...step, at: SPEED * step.at })),
  };
}

export function circumstancesOf(bms: string, kind: Kind, end: number, hasSwitches: boolean): Circumstances {
  const { isTcp, settings = [], stored = {} } = kind;
  const lines = [
    `connection.bms = "${bms}"`,
    `connection.pollInterval = ${INTERVAL_S}`,
    ...(hasSwitches ? ['switches.allowSwitches = true'] : []),
    ...settings,
  ];
  return {
    bms,
    port: isTcp ? 'tcp://golden:8899' : 'ttyGolden',
    settings: sectioned(lines),
    stored,
    pollInterval: INTERVAL_S,
    end,
  };
}

/** "[connection]" and the settings below it, for lines such as "connection.pollInterval = 4". */
function sectioned(lines: readonly string[]): string {
  const sections = new Map<string, string[]>();
  for (const line of lines) {
    const dot = line.indexOf('.');
    const section = line.slice(0, dot);
    sections.set(section, [...(sections.get(section) ?? []), line.slice(dot + 1)]);
  }
  return [...sections].map(([section, own]) => `[${section}]\n${own.join('\n')}\n`).join('');
}
