import { corpora } from './corpus.ts';
import { mutate, type Tally } from './mutation-loop.ts';
import type { Row } from './row.ts';

const SEED = 20_260_621;

/** One row for each driver of the list. */
export async function mutationRows(count: number): Promise<Row[]> {
  const all = await corpora();
  const rows: Row[] = [];
  for (const corpus of all) rows.push(rowOf(await mutate(corpus, all, count, SEED)));
  return rows;
}

function rowOf({ collisions, examples, gated, id, offered, raised, unmarked, wrong }: Tally): Row {
  const notes = [
    collisions > 0 && `${collisions} checksum collisions, ${gated} of them held by the sample gate`,
    unmarked > 0 && `${unmarked} late answers that the protocol cannot tell apart`,
  ].filter((text) => text !== false);
  return {
    fault: `damaged frames: ${id}`,
    injected: offered,
    wrong,
    raised,
    restarts: 0,
    note: notes.join('; '),
    missed: examples,
  };
}
