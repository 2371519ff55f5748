import { BMSES } from '../../src/bms/index.ts';
import { DRIVERS, EFFECTS, type Effect, effectOf } from './detection.ts';

const SIGNS: Readonly<Record<Effect, string>> = {
  itself: '**=**',
  silent: '.',
  waits: 'w',
  refuses: 'r',
  answers: 'a',
  taken: 'TAKEN',
  disturbed: 'LOST',
};

/** Markdown: what each BMS (rows) does when it hears the probe of each driver (columns), and what the signs mean. */
export async function effectTable(): Promise<string> {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rows: string[] = [];
  const used = new Set<Effect>();
  for (const entry of BMSES) {
    const effects: Effect[] = [];
    for (const driver of DRIVERS) effects.push(await effectOf(entry, driver));
    for (const effect of effects) used.add(effect);
    rows.push(row([`**${entry.driver.id}**`, ...effects.map((effect) => SIGNS[effect])]));
  }
  const ids = DRIVERS.map(({ id }) => id);
  return [
    row(['device \\ probe', ...ids]),
    row(['---', ...ids.map(() => '---')]),
    ...rows,
    '',
    ...[...used].map((effect) => `* ${SIGNS[effect]} ${EFFECTS[effect]}`),
  ].join('\n');
}
