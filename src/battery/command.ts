import type { Wish } from './wishes.ts';

/** What a client of any output may ask of a battery. None of these can raise a limit above the configuration. */
export type Command =
  /** `value` in the range of the wish. */
  | { readonly kind: 'wish'; readonly wish: Wish; readonly value: number }
  /** Both switches of the BMS off, or on again. */
  | { readonly kind: 'standby'; readonly on: boolean }
  /** At most 32 characters; an empty name gives the battery its own one back. */
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'clearHistory' };
