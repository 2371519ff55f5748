import type { BridgedBattery } from '../output.ts';
import { cellVoltages, told, VALUES } from '../values.ts';
import { COMMANDS } from './commands.ts';
import type { EntityFacts } from './entities.ts';

interface Known {
  readonly keys: Set<string>;
  cells: number;
}

/**
 * What each battery has ever told while this program runs: the entities follow the data, and only grow. A value that is
 * missing for a while is unknown, not gone.
 */
export class Seen {
  readonly #known = new Map<string, Known>();

  /** Takes note of what a battery tells now. */
  add({ bank, id, view }: BridgedBattery): void {
    const known = this.#known.get(id) ?? { keys: new Set<string>(), cells: 0 };
    this.#known.set(id, known);
    for (const row of VALUES) {
      // The energy of a pack is counted at its bank.
      if (bank !== undefined && row.group === 'meters') continue;
      if (!known.keys.has(row.key) && told(row, view) !== undefined) known.keys.add(row.key);
    }
    known.cells = Math.max(known.cells, cellVoltages(view).length);
  }

  cellsOf(id: string): number {
    return this.#known.get(id)?.cells ?? 0;
  }

  factsOf(
    { id, wishes }: BridgedBattery,
    { commands, period }: { readonly commands: readonly string[]; readonly period: number },
  ): EntityFacts {
    const { cells = 0, keys = new Set<string>() } = this.#known.get(id) ?? {};
    const taken = COMMANDS.filter(({ name, wish }) => commands.includes(name) && wishes.has(wish));
    return { id, keys, cells, commands: taken.map(({ name }) => name), period };
  }
}
