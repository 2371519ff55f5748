import type { BatteryView } from '../battery/battery-view.ts';
import type { Item, ItemValue } from '../dbus/item.ts';
import { pathsOf } from './battery-paths.ts';
import { NO_TEXT, settle, unchanged } from './path-line.ts';

/**
 * What must be told to the bus so that it shows `state`, given the values `published` so far by path. A path that is new
 * is part of it even when invalid; a path that `state` has no more becomes invalid.
 */
export function changes(published: ReadonlyMap<string, ItemValue>, state: BatteryView): Item[] {
  const changed: Item[] = [];
  const lines = pathsOf(state);
  let known = 0;
  for (const line of lines) {
    const raw = line.value(state);
    const shown = published.get(line.path);
    const isKnown = shown !== undefined || published.has(line.path);
    if (isKnown) known += 1;
    // What is shown already needs no rounding to be found so; that is most of the table.
    if (isKnown && raw === shown) continue;
    const value = settle(line, raw);
    if (isKnown && unchanged(line, shown, raw, value)) continue;
    const text = value === undefined ? NO_TEXT : line.text(value);
    changed.push({ path: line.path, type: line.type, value, text });
  }
  if (published.size > known) {
    const present = new Set(lines.map((line) => line.path));
    for (const [path, value] of published) {
      if (!present.has(path) && value !== undefined) {
        changed.push({ path, type: 'i', value: undefined, text: NO_TEXT });
      }
    }
  }
  return changed;
}
