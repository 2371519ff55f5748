import type { ToldBattery, ToldChange } from '../output/web/told.ts';

/** Everything that the page knows of the house. */
export interface House {
  /** In the order of the server. */
  readonly batteries: readonly ToldBattery[];
  /** Undefined before the first answer. */
  readonly heardAt: number | undefined;
}

export const EMPTY: House = { batteries: [], heardAt: undefined };
/** The bridge tells something every 2 s. */
const LOST_MS = 6000;

/** The house after a change; `now` in ms. */
export function changed(house: House, { changed: news, ids }: ToldChange, now: number): House {
  const known = new Map([...house.batteries, ...news].map((battery) => [battery.id, battery]));
  const batteries = ids.flatMap((id) => known.get(id) ?? []);
  return { batteries, heardAt: now };
}

/** Whether the bridge has been silent for too long. */
export function isLost({ heardAt }: House, now: number): boolean {
  return heardAt !== undefined && now - heardAt > LOST_MS;
}

/** What is left of a battery when nobody tells of it any more: what it is, and no value. */
export function forgotten({ bank, facts, id, name }: ToldBattery): ToldBattery {
  return {
    id,
    name,
    ...(bank !== undefined && { bank }),
    online: false,
    link: 'no connection to the bridge',
    limits: {},
    cells: [],
    balancing: [],
    temperatures: [],
    alarms: [],
    facts,
  };
}

/** A battery or bank, and its packs. */
export interface Group {
  readonly head: ToldBattery;
  readonly packs: readonly ToldBattery[];
}

/** Banks with their packs below them; a pack whose bank is not there stands for itself. */
export function groups(batteries: readonly ToldBattery[]): readonly Group[] {
  const ids = new Set(batteries.map(({ id }) => id));
  const isPack = ({ bank, id }: ToldBattery): boolean => bank !== undefined && bank !== id && ids.has(bank);
  return batteries
    .filter((battery) => !isPack(battery))
    .map((head) => ({ head, packs: batteries.filter((pack) => isPack(pack) && pack.bank === head.id) }));
}
