import type { FrameFault } from '../errors.ts';

/** Why what stands at byte 0 is not the awaited frame; one byte is dropped and the rest is looked at again. */
export interface Refusal {
  readonly refused: FrameFault;
  /** What was expected and what came, for the log. */
  readonly why?: string;
}

/**
 * Looks at everything received so far. A number is the length of the complete, believable frame at byte 0
 * (start, length, checksum, echoed address and command all right). 'more' waits. A refusal drops one byte.
 * Pure, and cheap: it is called again whenever bytes arrive. `ended` says that nothing more will come (the deadline, or
 * the end of a recorded reply), for answers of as many frames as the device likes.
 */
export type Accept = (received: Uint8Array, ended?: boolean) => number | 'more' | Refusal;
