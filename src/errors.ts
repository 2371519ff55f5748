/** Every error this driver throws on purpose. `code` is stable and is what programs and users match on. */
export abstract class BmsError extends Error {
  abstract readonly code: string;
  /** Whether trying the same exchange again can help. */
  readonly retryable: boolean = false;

  override get name(): string {
    return this.constructor.name;
  }
}

// Link: the port itself.

/** The port is the reason, not the battery: no other battery on it can be asked either. */
export abstract class PortError extends BmsError {
  abstract override readonly code: `PORT_${string}`;
}

/** There is no such port, or it cannot be reached. */
export class PortMissingError extends PortError {
  readonly code = 'PORT_MISSING';
}

/** Another program holds the port. */
export class PortBusyError extends PortError {
  readonly code = 'PORT_BUSY';
}

/** The port vanished while it was in use (unplugged, connection closed by the peer). */
export class PortLostError extends PortError {
  readonly code = 'PORT_LOST';
}

/** The port is left alone on purpose: other batteries have their turn, or the owner's phone. */
export class PortRestingError extends PortError {
  readonly code = 'PORT_RESTING';
}

// Reply: what came back, or did not.

/** Nothing that begins like an answer came within the deadline. `received` holds what did come, if anything. */
export class TimeoutError extends BmsError {
  readonly code = 'REPLY_TIMEOUT';
  override readonly retryable = true;
  readonly received: Uint8Array;
  /** What came is our own request and nothing else. */
  readonly onlyEcho: boolean;

  constructor(message: string, received: Uint8Array = new Uint8Array(), onlyEcho = false) {
    super(message);
    this.received = received;
    this.onlyEcho = onlyEcho;
  }
}

/** Why a frame was not believed. Later ones are more telling: more of the frame was right before it failed. */
export const FRAME_FAULTS = [
  'start',
  'length',
  'end',
  'address',
  'command',
  'incomplete',
  'checksum',
] as const;
export type FrameFault = (typeof FRAME_FAULTS)[number];

/** An answer came but must not be believed; `fault` says at which proof it failed. */
export class FrameError extends BmsError {
  override readonly retryable = true;
  readonly fault: FrameFault;
  readonly received: Uint8Array;

  constructor(fault: FrameFault, message: string, received: Uint8Array = new Uint8Array()) {
    super(message);
    this.fault = fault;
    this.received = received;
  }

  get code(): string {
    return `REPLY_${this.fault.toUpperCase()}`;
  }
}

/** The device answered in a believable frame that it will not do this (error status, exception code). */
export class RefusedError extends BmsError {
  readonly code = 'REPLY_REFUSED';
}

/** A believable frame whose content cannot be true of a battery. */
export class ImplausibleError extends BmsError {
  readonly code = 'REPLY_IMPLAUSIBLE';
}

/** No BMS of the list was recognised on the port. */
export class NothingFoundError extends BmsError {
  readonly code = 'NOTHING_FOUND';
}

// Operator: what a person typed or wrote.

/** The command line cannot be understood. */
export class UsageError extends BmsError {
  readonly code = 'USAGE';
}

/** The configuration file cannot be used. */
export class ConfigError extends BmsError {
  readonly code = 'CONFIG';
}

/** A program or package that this command needs is not on this machine; the message says which. */
export class MissingProgramError extends BmsError {
  readonly code = 'PROGRAM_MISSING';
}

// Bus.

/** The D-Bus daemon is out of reach, went away, or refused us. */
export class BusError extends BmsError {
  readonly code = 'BUS';
}

/** Lower-case hex, two digits a byte, with a note of the rest when there is much. */
export function hex(bytes: Uint8Array, most = 64): string {
  let text = '';
  for (const byte of bytes.subarray(0, most)) text += byte.toString(16).padStart(2, '0');
  return bytes.length > most ? `${text}.. (${bytes.length} bytes)` : text;
}
