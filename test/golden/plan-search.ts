import type { Outside } from './conversation.ts';
import { circumstancesOf, PACK, type Plan, SPEED, scenarioOf } from './plan.ts';
import { kindOf } from './plan-kinds.ts';

/** Found or not, the program is started again: what was found is remembered. */
const SEARCH_LIFE: readonly Outside[] = [
  { at: 0, do: 'start' },
  { at: 30, do: 'stop' },
  { at: 40, do: 'start' },
];
const SEARCH_END_S = 64;

/** Batteries that are looked for among all drivers: by name, what differs from the usual one. */
const SEARCHES: Readonly<
  Record<
    string,
    { readonly bms: string; readonly address?: number; readonly lineIndex?: number; readonly line?: object }
  >
> = {
  'the-last-driver': { bms: 'pylontech', address: 2 },
  'other-speed': { bms: 'pace', lineIndex: 1 },
  'other-address': { bms: 'jk-pb', address: 3 },
  nobody: { bms: 'jbd', line: { silent: 1 } },
  noise: { bms: 'jbd', line: { garbage: 40, silent: 0, truncate: 1 } },
  'bad-line': { bms: 'jk', line: { silent: 0.2, bitflips: 0.002 } },
};

/** The search for a battery among all drivers. */
export function searches(): readonly Plan[] {
  return Object.entries(SEARCHES).map(([name, { address = 1, bms, line = {}, lineIndex = 0 }], index) => {
    const kind = { ...kindOf(bms), settings: [], isTcp: true as const };
    return {
      name: `search/${name}`,
      circumstances: { ...circumstancesOf('auto', kind, SEARCH_END_S, false), bms },
      outside: SEARCH_LIFE,
      scenario: scenarioOf(kind, [{ at: 0, line }], [{ ...PACK, address }], 300 + index),
      speed: SPEED,
      lineIndex,
      closed: [],
      silent: [],
    };
  });
}
