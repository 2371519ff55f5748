import type { Surroundings } from './around.ts';
import type { Site, SiteOptions } from './site.ts';

/** A fault that is provoked for a while, and what the log must say of it. */
export interface LogFault {
  /** What happens, as a heading of docs/log.md. */
  readonly name: string;
  readonly site?: SiteOptions;
  /** Instead of all of the following: what happens to the bus, the port or the program. */
  readonly around?: Surroundings;
  readonly begin?: (site: Site) => void | Promise<void>;
  /** What happens from its beginning to the end of the run, every so many seconds; `s` counts from the beginning. */
  readonly course?: { readonly everyS: number; readonly does: (site: Site, s: number) => void };
  readonly end?: (site: Site) => void | Promise<void>;
  /** It is there from the start. */
  readonly fromStart?: true;
  /** Each of these lines comes once; nothing is told of a fault without any. */
  readonly begins: readonly RegExp[];
  readonly ends: readonly RegExp[];
  /** The only lines while it lasts that are allowed beside those and the limits: an hourly summary. */
  readonly lasts?: RegExp;
}

/** How long a fault lasts, s. */
export const LASTS_S = 75 * 60;
/** Nothing is missing, so nothing is told. */
export const NOTHING = { begins: [], ends: [] } as const;
/** Three packs on one line. */
export const BANK = { bms: 'pace', addresses: [1, 2, 3] } as const;
