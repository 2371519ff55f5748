import { foreignBytes } from '../bms/detect/foreign-bytes.ts';
import { FrameError } from '../errors.ts';
import type { ExchangeRecord } from '../transport/exchange.ts';

/** The line is judged by the tries of so much time, ms. */
const WINDOW_MS = 20_000;
/** Single damaged answers come on every line; so many of a window, and such a share of it, do not. */
const FEWEST_DAMAGED = 3;
const SHARE_DAMAGED = 0.03;

/** Where a frame broke tells what the line does to it. */
const LIKELY = {
  turned:
    'check ground, termination and cable length, and that no second program or device polls the same line',
  missing:
    'bytes are missing in them: check the plugs and contacts, and whether the adapter or its driver loses bytes',
  strange: 'they begin like no answer: check the speed that is set in the BMS, A and B, and ground',
} as const;
type Damage = keyof typeof LIKELY;

/** Watches how many answers of a line arrive damaged. */
export class LineQuality {
  #began: number;
  #tries = 0;
  #damaged: Record<Damage, number> = { turned: 0, missing: 0, strange: 0 };

  constructor(now: number) {
    this.#began = now;
  }

  /** Takes one try in. */
  note(record: ExchangeRecord): void {
    this.#tries += 1;
    const damage = damageOf(record);
    if (damage !== undefined) this.#damaged[damage] += 1;
  }

  /**
   * What the last window came to: why and how much is damaged, or false when nothing to speak of is. Undefined while the
   * window is not full.
   */
  judge(now: number): string | false | undefined {
    if (now - this.#began < WINDOW_MS) return undefined;
    const kinds = Object.entries(this.#damaged);
    const damaged = kinds.reduce((sum, [, count]) => sum + count, 0);
    const tries = this.#tries;
    const likely = mostFrequent(this.#damaged);
    this.#began = now;
    this.#tries = 0;
    this.#damaged = { turned: 0, missing: 0, strange: 0 };
    if (damaged < FEWEST_DAMAGED || damaged < SHARE_DAMAGED * tries) return false;
    const percent = Math.round((100 * damaged) / tries);
    return `${damaged} of ${tries} in ${WINDOW_MS / 1000} s (${percent} %); ${LIKELY[likely]}`;
  }
}

/** What the line did to the answer of this try; undefined when it was sound, or did not come at all. */
function damageOf({ error, received, reply, request }: ExchangeRecord): Damage | undefined {
  if (reply !== undefined || error === undefined) return undefined;
  if (foreignBytes(received, [request]).length === 0) return undefined;
  if (!(error instanceof FrameError)) return 'strange';
  return error.fault === 'incomplete' ? 'missing' : 'turned';
}

function mostFrequent({ missing, strange, turned }: Readonly<Record<Damage, number>>): Damage {
  if (turned >= missing && turned >= strange) return 'turned';
  return missing >= strange ? 'missing' : 'strange';
}
