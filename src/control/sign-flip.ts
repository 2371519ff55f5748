/** Whether the BMS tells the current with the wrong sign: a current that rises must lift the voltage. */
export interface SignFlip {
  readonly sign: 1 | -1;
  /** 1 for a step of current and voltage in one direction, -1 for opposite ones; the last eight. */
  readonly votes: readonly (1 | -1)[];
}

const VOTES = 8;
const NET = -4;
const LEAST_RATE = 0.03;
const LEAST_CELL_STEP = 0.0015;

export function initialSign(): SignFlip {
  return { sign: 1, votes: [] };
}

/** `step` and `volts` are the changes from one good sample to the next, A (with the sign in force) and V of the pack. */
export function watchSign(
  state: SignFlip,
  step: number,
  volts: number,
  count: number,
  capacity: number | undefined,
): SignFlip {
  if (capacity === undefined || Math.abs(step) <= LEAST_RATE * capacity) return state;
  if (Math.abs(volts) <= LEAST_CELL_STEP * count) return state;
  const votes = [...state.votes.slice(1 - VOTES), step > 0 === volts > 0 ? (1 as const) : (-1 as const)];
  const net = votes.reduce<number>((sum, vote) => sum + vote, 0);
  return net <= NET ? { sign: state.sign === 1 ? -1 : 1, votes: [] } : { sign: state.sign, votes };
}
