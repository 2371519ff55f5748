import {
  type Answer,
  type Conversation,
  type Opened,
  printMs,
  printSaid,
  type Said,
} from './conversation.ts';
import type { FarEnd } from './line.ts';
import { Scene } from './scene.ts';

/** The finest difference in time that counts, ms: sums of fractions may come out differently in the last digit. */
const SAME_MS = 0.002;

type Untimed<T> = T extends { readonly ms: number } ? Omit<T, 'ms'> : never;

export interface Replayed {
  readonly transcript: string;
  /** Where the program first asked something else than when it was recorded, or at another time. */
  readonly departure?: string;
}

/** Plays a recorded conversation through the program. */
export async function replay(conversation: Conversation): Promise<Replayed> {
  const { circumstances, outside, said } = conversation;
  const far = new Recorded(
    said,
    () => scene.time.now(),
    (ms) => {
      const poll = Math.floor((ms - scene.startedAt) / (1000 * circumstances.pollInterval)) + 1;
      return `${(ms / 1000).toFixed(3)} s, about poll ${poll} since the start at ${scene.startedAt / 1000} s`;
    },
  );
  const scene = new Scene({ circumstances, outside, far, isOver: () => far.departure !== undefined });
  const transcript = await scene.play();
  far.end();
  return { transcript, ...(far.departure !== undefined && { departure: far.departure }) };
}

/** The far end of the line as it was: the same request at the same time gets the same answer. */
class Recorded implements FarEnd {
  departure: string | undefined;
  readonly #said: readonly Said[];
  readonly #now: () => number;
  readonly #when: (ms: number) => string;
  #next = 0;

  constructor(said: readonly Said[], now: () => number, when: (ms: number) => string) {
    this.#said = said;
    this.#now = now;
    this.#when = when;
  }

  open(line: string): Opened {
    const recorded = this.#follow({ does: 'open', line, opened: 'ok' });
    return recorded?.does === 'open' ? recorded.opened : 'missing';
  }

  set(line: string): void {
    this.#follow({ does: 'set', line });
  }

  close(): void {
    this.#follow({ does: 'close' });
  }

  ask(request: string): Answer | undefined {
    const recorded = this.#follow({ does: 'ask', request });
    return recorded?.does === 'ask' ? recorded.answer : undefined;
  }

  end(): void {
    const rest = this.#said[this.#next];
    if (rest !== undefined) this.departure ??= `the program ended; the recording goes on with ${told(rest)}`;
  }

  /** The recorded line in the place of this one; undefined from the first difference on. */
  #follow(now: Untimed<Said>): Said | undefined {
    if (this.departure !== undefined) return undefined;
    const recorded = this.#said[this.#next];
    const said: Said = { ...now, ms: this.#now() };
    if (recorded !== undefined && isSame(recorded, said)) {
      this.#next += 1;
      return recorded;
    }
    const instead = recorded === undefined ? 'the recording is over' : `the recording has ${told(recorded)}`;
    this.departure = `${this.#when(said.ms)}: the program does ${told(said)}; ${instead}`;
    return undefined;
  }
}

function isSame(recorded: Said, said: Said): boolean {
  return Math.abs(recorded.ms - said.ms) <= SAME_MS && asked(recorded) === asked(said);
}

/** What the program said, without what it got for it. */
function asked(said: Said): string {
  if (said.does === 'ask') return printSaid({ ms: said.ms, does: 'ask', request: said.request });
  return printSaid(said.does === 'open' ? { ...said, opened: 'ok' } : said);
}

function told(said: Said): string {
  return `"${asked(said)}" at ${printMs(said.ms)} ms`;
}
