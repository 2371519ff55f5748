import { drivers } from './adapter.ts';
import type { Plan } from './plan.ts';
import { BANK_PACKS, bank } from './plan-bank.ts';
import { searches } from './plan-search.ts';
import { single } from './plan-single.ts';

/** Every recording that there is. */
export const PLANS: readonly Plan[] = [
  ...drivers().flatMap(({ addresses, hasSwitches, id }, index) => [
    single(id, index, hasSwitches),
    ...(addresses.length >= BANK_PACKS ? [bank(id, index, addresses)] : []),
  ]),
  ...searches(),
];
