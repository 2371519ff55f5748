import { safeId } from '../id.ts';

/** The last part of the id under which the bridge itself is known. */
export const BRIDGE_ID = 'bridge';

/** Where everything is published; every level is safe in a topic. */
export class Topics {
  readonly #base: string;
  readonly #site: string | undefined;

  /** `base` may have levels of its own; `site` is one more. */
  constructor(base: string, site?: string) {
    this.#site = site === undefined ? undefined : safeId(site);
    const levels = base
      .split('/')
      .map(safeId)
      .filter((level) => level !== '');
    this.#base = [...levels, ...(this.#site === undefined ? [] : [this.#site])].join('/');
  }

  /** What tells the things of this site from those of others: `site_id`, or `id` where there is no site. */
  unique(id: string): string {
    return this.#site === undefined ? id : `${this.#site}_${id}`;
  }

  availability(id: string): string {
    return `${this.#base}/${id}/availability`;
  }

  state(id: string): string {
    return `${this.#base}/${id}/state`;
  }

  cells(id: string): string {
    return `${this.#base}/${id}/cells`;
  }

  meters(id: string): string {
    return `${this.#base}/${id}/meters`;
  }

  info(id: string): string {
    return `${this.#base}/${id}/info`;
  }

  set(id: string, name: string): string {
    return `${this.#base}/${id}/set/${name}`;
  }

  /** Every command to any battery. */
  get commands(): string {
    return `${this.#base}/+/set/+`;
  }

  /** Everything of one battery. */
  all(id: string): string {
    return `${this.#base}/${id}/#`;
  }

  /** `id` and `name` of a topic of commands; undefined for another topic. */
  commandOf(topic: string): { readonly id: string; readonly name: string } | undefined {
    if (!topic.startsWith(`${this.#base}/`)) return undefined;
    const [id, set, name, ...more] = topic.slice(this.#base.length + 1).split('/');
    return id !== undefined && set === 'set' && name !== undefined && more.length === 0
      ? { id, name }
      : undefined;
  }
}
