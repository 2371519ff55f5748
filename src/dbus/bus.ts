import { BusError } from '../errors.ts';
import type { MatchRule } from './match-rule.ts';

/** Value with its own signature; `variant` in bus.ts makes one. */
export interface Variant {
  readonly signature: string;
  readonly value: unknown;
}

/** A call that another program makes to us. */
export interface MethodCall {
  /** Unique name of the caller. */
  readonly sender: string;
  readonly path: string;
  /** Absent where the caller named none, which D-Bus allows. */
  readonly interface?: string;
  readonly member: string;
  readonly signature: string;
  readonly body: readonly unknown[];
}

/** What a method call is answered with. */
export type Answer =
  | { readonly signature: string; readonly body: readonly unknown[] }
  | { readonly error: string; readonly text: string };

/** A call that we make to another program. */
export interface OutgoingCall {
  readonly destination: string;
  readonly path: string;
  readonly interface?: string;
  readonly member: string;
  readonly signature?: string;
  readonly body?: readonly unknown[];
  /** How long the answer may take, ms; default is that of the connection. */
  readonly deadlineMs?: number;
}

export interface Signal {
  readonly sender: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly body: readonly unknown[];
}

/** A call was answered with a D-Bus error, or not at all within its deadline. */
export class CallError extends BusError {
  /** "org.freedesktop.DBus.Error.UnknownMethod"; NoReply when the deadline passed. */
  readonly errorName: string;

  constructor(errorName: string, message: string) {
    super(message);
    this.errorName = errorName;
  }
}

export const NO_REPLY = 'org.freedesktop.DBus.Error.NoReply';

/** One connection to the bus daemon. */
export interface Bus {
  /** Unique name, ":1.42". */
  readonly name: string;
  /** Called once when the connection ended without `disconnect` having been called. */
  onLost: (error: BusError) => void;
  /** Resolves with the body of the reply; rejects with CallError, or BusError when the connection is gone. */
  call(call: OutgoingCall): Promise<readonly unknown[]>;
  /** Broadcasts; does nothing once the connection is gone. */
  signal(path: string, iface: string, member: string, signature: string, body: readonly unknown[]): void;
  /** Sends one whole message that the caller encodes with the serial number it is given; does nothing once the connection is gone. */
  sendEncoded(encode: (serial: number) => Uint8Array): void;
  /**
   * Who answers calls to this connection, at once or later; undefined leaves the call to the standard interfaces. Once per
   * connection.
   */
  serve(handler: (call: MethodCall) => Answer | Promise<Answer> | undefined): void;
  /** Subscribes to signals; the returned function ends it. */
  watch(rule: MatchRule, listener: (signal: Signal) => void): Promise<() => void>;
  /** Unique name of the owner of a well-known name; undefined when nobody owns it. */
  ownerOf(name: string): Promise<string | undefined>;
  /** Follows a well-known name: `listener` gets the present owner at once, then each new one; undefined: nobody. */
  watchOwner(name: string, listener: (owner: string | undefined) => void): Promise<() => void>;
  /** Becomes the only owner of `name`, or rejects with a BusError. */
  requestName(name: string): Promise<void>;
  /** Becomes the only owner of `name` if nobody else owns it; says whether it is. */
  tryName(name: string): Promise<boolean>;
  releaseName(name: string): Promise<void>;
  disconnect(): void;
}
