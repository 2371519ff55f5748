/** How a poll came out: a good value, nothing, or a reading that is not believed. */
export type Outcome = 'good' | 'failed' | 'refused';

/** The polls that are looked at, and how many of them must have gone wrong to be worth a word. */
const LOOKED_AT = 60;
const FEWEST = 20;
const WORTH_SAYING = 3;
const SHARE_FAILED = 0.1;

/** How the last polls of one battery came out. */
export class PollQuality {
  #outcomes: Outcome[] = [];

  note(outcome: Outcome): void {
    this.#outcomes.push(outcome);
    if (this.#outcomes.length > LOOKED_AT) this.#outcomes.shift();
  }

  /** What was before does not count: all of it is told elsewhere. */
  begin(): void {
    this.#outcomes = [];
  }

  /** "7 of 60 polls failed" when that is more than what every line loses; else undefined. */
  get failures(): string | undefined {
    const failed = this.#count('failed');
    const polls = this.#outcomes.length;
    if (polls < FEWEST || failed < WORTH_SAYING || failed < SHARE_FAILED * polls) return undefined;
    return `${failed} of ${polls} polls failed`;
  }

  /** Readings are refused again and again. */
  get isRefusing(): boolean {
    return this.#count('refused') >= WORTH_SAYING;
  }

  #count(outcome: Outcome): number {
    return this.#outcomes.filter((each) => each === outcome).length;
  }
}
