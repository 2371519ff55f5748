import { CHARGE_STATES, type ChargeState } from '../control/law.ts';

/** Modes as drivers show them, in the order in which they are looked for. */
const MODES: readonly (readonly [pattern: RegExp, state: ChargeState])[] = [
  [/^float transition/i, 'floatDown'],
  [/^float/i, 'float'],
  [/^absorption/i, 'absorb'],
];

/** The state that a driver names by its word; undefined for a word that is none. */
export function chargeStateNamed(word: string): ChargeState | undefined {
  return CHARGE_STATES.find((state) => state === word);
}

/** The state that a mode shows, as any driver shows it for people; whatever is not known is not yet full. */
export function chargeStateShown(mode: string | undefined): ChargeState {
  return MODES.find(([pattern]) => pattern.test(mode ?? ''))?.[1] ?? 'bulk';
}
