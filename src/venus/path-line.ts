import type { BatteryView } from '../battery/battery-view.ts';
import type { Command } from '../battery/command.ts';
import type { ItemType, ItemValue } from '../dbus/item.ts';
import type { WritableItem } from '../dbus/item-server.ts';
import { decimalsOf, round } from '../model/round.ts';
import type { Draft, Field } from './view-field.ts';

/** Text of a valid value, as old displays and command lines show it. */
export type TextOf = (value: number | string) => string;

/** What a client may write to a path, and what it asks for with it. */
export interface WriteRule extends WritableItem {
  readonly command: (value: number | string) => Command;
}

/** One D-Bus path of the battery service. */
export interface PathLine {
  readonly path: string;
  readonly type: ItemType;
  readonly text: TextOf;
  /** Display step: numbers are rounded to its decimals, and a change below it is not published. 0 for texts. */
  readonly step: number;
  readonly value: (state: BatteryView) => ItemValue;
  /** Takes a valid value of this path, in its type, back into a view; absent where the value says nothing of its own. */
  readonly back?: (draft: Draft, value: number | string) => void;
  readonly write?: WriteRule;
}

/** A field of the view, or a value that is computed for this path alone. */
type Shown<T extends number | string> = Field<T> | PathLine['value'];

function numeric(shown: Shown<number>): Pick<PathLine, 'value' | 'back'> {
  if (typeof shown === 'function') return { value: shown };
  const { back, value } = shown;
  return {
    value,
    back: (draft, given) => {
      if (typeof given === 'number') back(draft, given);
    },
  };
}

function textual(shown: Shown<string>): Pick<PathLine, 'value' | 'back'> {
  if (typeof shown === 'function') return { value: shown };
  const { back, value } = shown;
  return {
    value,
    back: (draft, given) => {
      if (typeof given === 'string') back(draft, given);
    },
  };
}

/** A path with a quantity; `step` in its unit. */
export const real = (path: string, text: TextOf, step: number, shown: Shown<number>): PathLine => ({
  path,
  type: 'd',
  text,
  step,
  ...numeric(shown),
});

/** A path with an integer. */
export const whole = (path: string, shown: Shown<number>, text: TextOf = plain, step = 1): PathLine => ({
  path,
  type: 'i',
  text,
  step,
  ...numeric(shown),
});

/** A path with a text. */
export const text = (path: string, shown: Shown<string>): PathLine => ({
  path,
  type: 's',
  text: plain,
  step: 0,
  ...textual(shown),
});

/** A line whose value is computed from several fields, and where it belongs all the same when it is read back. */
export const computed = <T extends number | string>(
  value: PathLine['value'],
  back: Field<T>['back'],
): Field<T> => ({ value, back });

/** A line that clients may write: what they may, and what they ask for with it. */
export const writable = (
  line: PathLine,
  accept: WriteRule['accept'],
  command: WriteRule['command'],
  options: Pick<WriteRule, 'button'> = {},
): PathLine => ({ ...line, write: { accept, command, text: line.text, ...options } });

/** Text of the invalid value. */
export const NO_TEXT = '---';

const MAX_INT32 = 0x7fffffff;
/** No quantity of a battery is larger in its unit. */
const MAX_REAL = 1e9;

/** Fixed decimals and a unit without a space: "52.41V". */
export function quantity(unit: string, digits: number): TextOf {
  return (value) => (typeof value === 'number' ? `${round(value, digits).toFixed(digits)}${unit}` : value);
}

export const volts = (digits: number): TextOf => quantity('V', digits);
export const amps = (digits: number): TextOf => quantity('A', digits);
export const ampHours = (digits: number): TextOf => quantity('Ah', digits);
export const watts: TextOf = quantity('W', 0);
export const percent: TextOf = quantity('%', 1);
export const celsius: TextOf = quantity('C', 1);
export const seconds: TextOf = quantity('s', 0);
export const kilowattHours: TextOf = quantity('kWh', 2);
export const plain: TextOf = (value) => `${value}`;
/** "0xBA78". */
export const hexadecimal: TextOf = (value) =>
  typeof value === 'number' ? `0x${value.toString(16).toUpperCase()}` : value;

/**
 * The value as it may go on the bus: numbers finite and rounded to the display step, integers within 32 bits, texts
 * without characters that D-Bus forbids. Whatever cannot be sent becomes the invalid value.
 */
export function settle(line: Pick<PathLine, 'type' | 'step'>, value: ItemValue): ItemValue {
  if (line.type === 's') return typeof value === 'string' ? sendable(value) : undefined;
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  if (line.type === 'd') {
    const rounded = round(value, decimalsOf(line.step));
    return Math.abs(rounded) <= MAX_REAL ? rounded : undefined;
  }
  const whole = round(value, 0);
  return Math.abs(whole) <= MAX_INT32 ? whole : undefined;
}

/**
 * Whether `value`, not yet rounded, is still shown well enough by what was published; `settled` is what it would become.
 * A value on the grid of the step is always shown exactly; noise smaller than a step never causes a signal.
 */
export function unchanged(
  { step }: Pick<PathLine, 'step'>,
  published: ItemValue,
  value: ItemValue,
  settled: ItemValue,
): boolean {
  if (settled === published) return true;
  if (typeof published !== 'number' || typeof settled !== 'number' || typeof value !== 'number') return false;
  return Math.abs(value - published) < step * (1 - 1e-6);
}

function sendable(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\ufffd').replace(/(?!\n)\p{Cc}/gu, '');
}
