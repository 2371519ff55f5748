import { TimeoutError } from '../../src/errors.ts';
import type { Exchange } from '../../src/transport/exchange.ts';

/** The part of a link that a device which only answers does not need. */
export const SAYS_NOTHING: Pick<Exchange, 'next'> = {
  next: () => Promise.reject(new TimeoutError('it says nothing by itself')),
};
