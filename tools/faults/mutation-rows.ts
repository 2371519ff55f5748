import { corpora } from './corpus.ts';
import { mutate, type Tally } from './mutation-loop.ts';
import type { Row } from './row.ts';

const SEED = 20_260_621;

/** One row for each driver of the list, told as soon as it is known. */
export async function mutationRows(count: number, onRow: (row: Row) => void = () => {}): Promise<Row[]> {
  const all = await corpora();
  const rows: Row[] = [];
  for (const corpus of all) {
    const row = rowOf(await mutate(corpus, all, count, SEED));
    onRow(row);
    rows.push(row);
  }
  return rows;
}

function rowOf({ collisions, examples, filtered, id, offered, outdated, raised, tookMs, wrong }: Tally): Row {
  return {
    fault: `damaged frames: ${id}`,
    injected: offered,
    wrong,
    raised,
    collisions,
    filtered,
    outdated,
    restarts: 0,
    note: `${Math.round((1000 * offered) / tookMs)} frames/s`,
    missed: examples,
  };
}
