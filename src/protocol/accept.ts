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
 * Pure, and cheap: it is called again whenever bytes arrive.
 */
export type Accept = (received: Uint8Array) => number | 'more' | Refusal;
