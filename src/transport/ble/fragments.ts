import type { Clock } from '../../clock.ts';
import { bytesOf, sameBytes } from '../../protocol/bytes.ts';

/** What some radio modules put between the bytes of the battery: their own commands. */
const MODULE_TALK = /AT(?:\+[A-Z]{1,8})?\r\n/g;
/** The beginning of one, at the end of a fragment. */
const MODULE_TALK_BEGINS = /A(?:T(?:\+[A-Z]{0,8})?\r?)?$/;
/** The rest of it comes at once, or it was none, ms. */
const HOLD_MS = 40;
/** A copy comes right behind its original, ms; fragments that are alike by chance come later. */
const COPY_MS = 5;
/** So many fragments in a row that come twice are no chance. */
const COPIES = 3;

/**
 * The notifications of a device as its stream of bytes: without what the radio module says for itself, and once each where BlueZ
 * tells everything twice because another program listens too.
 */
export class Fragments {
  readonly #clock: Clock;
  readonly #give: (bytes: Uint8Array) => void;
  #held: Uint8Array = new Uint8Array();
  #cancelHold = (): void => {};
  #last: { readonly bytes: Uint8Array; readonly at: number } | undefined;
  #copies = 0;

  constructor(clock: Clock, give: (bytes: Uint8Array) => void) {
    this.#clock = clock;
    this.#give = give;
  }

  /** Everything comes twice: another program of this machine listens to the device. */
  get isDoubled(): boolean {
    return this.#copies >= COPIES;
  }

  take(bytes: Uint8Array): void {
    if (this.#isCopy(bytes)) return;
    this.#cancelHold();
    const text = textOf(bytesOf(this.#held, bytes)).replaceAll(MODULE_TALK, '');
    const begun = MODULE_TALK_BEGINS.exec(text)?.index ?? text.length;
    this.#held = bytesFrom(text.slice(begun));
    if (begun > 0) this.#give(bytesFrom(text.slice(0, begun)));
    if (this.#held.length > 0) this.#cancelHold = this.#clock.after(HOLD_MS, () => this.#release());
  }

  /** Nothing of what was held back counts any more. */
  drop(): void {
    this.#cancelHold();
    this.#held = new Uint8Array();
    this.#last = undefined;
  }

  #release(): void {
    const held = this.#held;
    this.#held = new Uint8Array();
    this.#give(held);
  }

  #isCopy(bytes: Uint8Array): boolean {
    const now = this.#clock.now();
    const last = this.#last;
    const isEqual = last !== undefined && now - last.at <= COPY_MS && sameBytes(last.bytes, bytes);
    if (isEqual) {
      const isKnown = this.isDoubled;
      this.#copies += 1;
      this.#last = undefined;
      return isKnown;
    }
    // One that came alone: nobody else listens, or not any more.
    if (last !== undefined) this.#copies = 0;
    this.#last = { bytes, at: now };
    return false;
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function bytesFrom(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}
