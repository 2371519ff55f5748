import type { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import dbus from 'dbus-next';
import type { Variant } from './bus.ts';

/** A D-Bus message as dbus-next makes and hands out. */
export interface LibraryMessage {
  readonly type: number;
  readonly serial: number;
  readonly path?: string;
  readonly interface?: string;
  readonly member?: string;
  readonly sender?: string;
  readonly destination?: string;
  readonly signature: string;
  readonly body: readonly unknown[];
  flags: number;
}

export interface LibraryBus extends EventEmitter {
  readonly name: string | null;
  /** The library tells of the end of its connection only here. */
  readonly _connection: { readonly stream: Duplex };
  addMethodHandler(handler: (message: LibraryMessage) => boolean): void;
  call(message: LibraryMessage): Promise<LibraryMessage | null>;
  send(message: LibraryMessage): void;
  newSerial(): number;
  disconnect(): void;
}

interface Library {
  sessionBus(options: { busAddress: string }): LibraryBus;
  readonly Message: {
    new (fields: {
      type?: number;
      destination?: string;
      path: string;
      interface?: string;
      member: string;
      signature?: string;
      body?: readonly unknown[];
      flags?: number;
    }): LibraryMessage;
    newMethodReturn(call: LibraryMessage, signature: string, body: readonly unknown[]): LibraryMessage;
    newError(call: LibraryMessage, name: string, text: string): LibraryMessage;
    newSignal(
      path: string,
      iface: string,
      member: string,
      signature: string,
      body: readonly unknown[],
    ): LibraryMessage;
  };
  readonly Variant: new (signature: string, value: unknown) => Variant;
  readonly MessageType: { readonly METHOD_CALL: 1; readonly SIGNAL: 4 };
  readonly DBusError: new (type: string, text: string) => Error & { readonly type: string };
}

/** dbus-next, typed by what it does: its own typings name wrong parameters and miss the events that matter. */
export const library = dbus as unknown as Library;

/** Message flag: nobody is to answer. */
export const NO_REPLY_EXPECTED = 1;
