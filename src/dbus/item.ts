/** D-Bus types that BusItem values have on Venus OS. */
export type ItemType = 'i' | 'd' | 's';
/** Undefined is the invalid value (an empty int32 array on the wire). */
export type ItemValue = number | string | undefined;

/** Result codes of SetValue. */
export const SET_OK = 0;
export const SET_REFUSED = 1;
export const SET_REJECTED = 2;

/** A value of the item tree as consumers see it. */
export interface Item {
  readonly path: string;
  readonly type: ItemType;
  readonly value: ItemValue;
  readonly text: string;
}
