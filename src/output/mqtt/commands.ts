import type { Command } from '../../battery/command.ts';
import { acceptable, WISHES, type Wish } from '../../battery/wishes.ts';

/** What may be asked of a battery over MQTT. Every one of them can only restrict what the driver allows. */
export interface CommandRow {
  /** Last level of the topic, key of the state, and key of the entity. */
  readonly name: string;
  readonly title: string;
  /** The wish of the driver that it becomes, by name. */
  readonly wish: Wish['name'];
  /** ON and OFF, or a number in A. */
  readonly kind: 'switch' | 'amps';
}

export const COMMANDS: readonly CommandRow[] = [
  { name: 'charge', title: 'Charge', wish: 'ForceChargingOff', kind: 'switch' },
  { name: 'discharge', title: 'Discharge', wish: 'ForceDischargingOff', kind: 'switch' },
  { name: 'balancing_set', title: 'Balancer', wish: 'TurnBalancingOff', kind: 'switch' },
  { name: 'charge_limit_set', title: 'Most charge current', wish: 'MaxChargeCurrent', kind: 'amps' },
  { name: 'discharge_limit_set', title: 'Most discharge current', wish: 'MaxDischargeCurrent', kind: 'amps' },
];

/** A command is a few letters; a longer message is none. */
const LONGEST = 32;
const ON = /^(on|true|1)$/i;
const OFF = /^(off|false|0)$/i;
/** Home Assistant sends this to empty a number. */
const NOTHING = /^(none|-1)$/i;

/** What a message asks for, or why it is none. */
export function commandIn(name: string, payload: Uint8Array): Command | { readonly fault: string } {
  const row = COMMANDS.find((candidate) => candidate.name === name);
  const wish: Wish | undefined = WISHES.find((candidate) => candidate.name === row?.wish);
  if (row === undefined || wish === undefined) return { fault: 'there is no such command' };
  if (payload.length > LONGEST) return { fault: `a message of ${payload.length} bytes is no command` };
  const text = new TextDecoder().decode(payload).trim();
  if (row.kind === 'switch') {
    // Off is a wish, on is none: what the driver forbids for a reason of its own stays forbidden.
    if (ON.test(text)) return { kind: 'wish', wish, value: 0 };
    return OFF.test(text)
      ? { kind: 'wish', wish, value: 1 }
      : { fault: `"${plain(text)}" is neither ON nor OFF` };
  }
  const asked = NOTHING.test(text) ? wish.none : /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  const value = acceptable(wish, asked);
  return value === undefined
    ? { fault: `"${plain(text)}" is no current between 0 and ${wish.max} A` }
    : { kind: 'wish', wish, value };
}

/** A text of somebody else, for the log. */
function plain(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?');
}
