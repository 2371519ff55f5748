import { type BmsError, FRAME_FAULTS, FrameError, hex, TimeoutError } from '../errors.ts';
import type { Accept, Refusal } from '../protocol/accept.ts';
import { sameBytes } from '../protocol/bytes.ts';

/** What is awaited in one try. */
export interface Awaited {
  readonly request: Uint8Array;
  readonly accept: Accept;
  /** The answer equals the request, so nothing is taken for an echo. */
  readonly replyEqualsRequest: boolean;
}

/**
 * Everything that one try receives, and the search for the frame in it. The buffer is filled once from its beginning
 * and never moved: a refusal only moves the place where the next look begins, so garbage costs linear time.
 */
export class Reception {
  readonly #buffer: Uint8Array;
  readonly #awaited: Awaited;
  #length = 0;
  #start = 0;
  /** Where the frame ended. */
  #end: number | undefined;
  #echo: 'possible' | 'dropped' | 'none';
  #telling: Refusal | undefined;

  /** `buffer` is borrowed for the time of the try; its size bounds what one try may receive. */
  constructor(buffer: Uint8Array, awaited: Awaited) {
    this.#buffer = buffer;
    this.#awaited = awaited;
    this.#echo = awaited.replyEqualsRequest ? 'none' : 'possible';
  }

  get length(): number {
    return this.#length;
  }

  /** No more can be taken in, whatever it is. */
  get full(): boolean {
    return this.#length === this.#buffer.length;
  }

  /** Bytes of the answer so far: without an echo, and without what stands behind the frame. 0 while it may all be an echo. */
  get answered(): number {
    if (this.#echo === 'possible') return 0;
    const echo = this.#echo === 'dropped' ? this.#awaited.request.length : 0;
    return (this.#end ?? this.#length) - echo;
  }

  /** A copy of all that came, the echo included. */
  get received(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }

  /** Takes bytes in and gives a copy of the awaited frame as soon as it is complete. Bytes beyond the buffer are dropped. */
  add(bytes: Uint8Array): Uint8Array | undefined {
    const taken = bytes.subarray(0, this.#buffer.length - this.#length);
    this.#buffer.set(taken, this.#length);
    this.#length += taken.length;
    return this.#search(false);
  }

  /** The look at the deadline: what still waits for more is a false start, and a whole frame may stand behind it. */
  lastLook(): Uint8Array | undefined {
    return this.#search(true);
  }

  /** Why there is no frame. */
  failure(timeoutMs: number): BmsError {
    const asked = hex(this.#awaited.request);
    const { received } = this;
    if (this.#telling !== undefined && this.#telling.refused !== 'start') {
      const { refused, why } = this.#telling;
      const reason = why === undefined ? `wrong ${refused}` : why;
      return new FrameError(
        refused,
        `no valid reply to ${asked}: ${reason}; received ${hex(received)}`,
        received,
      );
    }
    const text = `no reply to ${asked} within ${Math.round(timeoutMs)} ms${this.#insteadOfReply()}`;
    return new TimeoutError(text, received, this.#onlyEcho);
  }

  get #onlyEcho(): boolean {
    return this.#echo === 'dropped' && this.#length === this.#awaited.request.length;
  }

  #insteadOfReply(): string {
    if (this.#length === 0) return '';
    if (this.#onlyEcho) return ', only the echo of the request';
    return `, only bytes that begin no reply: ${hex(this.received)}`;
  }

  #search(last: boolean): Uint8Array | undefined {
    if (this.#echo === 'possible' && !this.#dropEcho() && !last) return undefined;
    while (this.#start < this.#length) {
      const rest = this.#buffer.subarray(this.#start, this.#length);
      const verdict = this.#awaited.accept(rest, last);
      if (typeof verdict === 'number') {
        this.#end = this.#start + verdict;
        return cut(rest, verdict);
      }
      if (verdict !== 'more') this.#note(verdict);
      else if (last) this.#note({ refused: 'incomplete', why: `it stopped after ${rest.length} bytes` });
      else return undefined;
      this.#start += 1;
    }
    return undefined;
  }

  /** False while the bytes may still turn out to be an echo. */
  #dropEcho(): boolean {
    const { request } = this.#awaited;
    const begin = this.#buffer.subarray(0, Math.min(this.#length, request.length));
    if (!sameBytes(begin, request.subarray(0, begin.length))) {
      this.#echo = 'none';
      return true;
    }
    if (begin.length < request.length) return false;
    this.#echo = 'dropped';
    this.#start = request.length;
    return true;
  }

  #note(refusal: Refusal): void {
    const rank = (known: Refusal): number => FRAME_FAULTS.indexOf(known.refused);
    if (this.#telling === undefined || rank(refusal) > rank(this.#telling)) this.#telling = refusal;
  }
}

/** A copy of the frame. An impossible length is a bug of the driver and must not look like a bad line. */
function cut(rest: Uint8Array, length: number): Uint8Array {
  if (!Number.isInteger(length) || length < 1 || length > rest.length) {
    throw new RangeError(`accept() found a frame of ${length} bytes in ${rest.length}`);
  }
  return rest.slice(0, length);
}
