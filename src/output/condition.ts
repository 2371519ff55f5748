import type { Log } from '../log.ts';

/** Says when the condition of an output changes, once, and nothing for each attempt. */
export class Condition {
  readonly #log: Pick<Log, 'info' | 'warn'>;
  #now: string | undefined;

  constructor(log: Pick<Log, 'info' | 'warn'>) {
    this.#log = log;
  }

  /** What is wrong now; undefined while all is well or nothing is known yet. */
  get fault(): string | undefined {
    return this.#now;
  }

  /** All is well; `text` says what. */
  good(text: string): void {
    if (this.#isGood) return;
    this.#isGood = true;
    this.#now = undefined;
    this.#log.info(text);
  }

  #isGood = false;

  bad(text: string): void {
    this.#isGood = false;
    if (this.#now === text) return;
    this.#now = text;
    this.#log.warn(text);
  }
}
