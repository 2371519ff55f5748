/** A characteristic of a simulated device, inside of its service. */
export interface SimulatedCharacteristic {
  readonly uuid: string;
  /** As BlueZ names them: `notify`, `read`, `write`, `write-without-response`. */
  readonly flags: readonly string[];
}

export interface SimulatedService {
  readonly uuid: string;
  readonly characteristics: readonly SimulatedCharacteristic[];
}

/** What a peripheral does while somebody is connected to it. */
export interface PeripheralSession {
  /** Bytes were written; `withResponse` as a request. */
  write(characteristic: string, bytes: Uint8Array, withResponse: boolean): void;
  /** The value of a characteristic. */
  read?(characteristic: string): Uint8Array;
  /** Somebody wants its notifications from now on. */
  subscribed?(characteristic: string): void;
  /** The link is gone. */
  end(): void;
}

/** A Bluetooth device that does not exist. */
export interface Peripheral {
  readonly address: string;
  /** Its local name; absent: it has none. */
  readonly name?: string;
  /** Services that it advertises. */
  readonly advertised?: readonly string[];
  /** Data by company id. */
  manufacturerData?: Readonly<Record<number, Uint8Array>>;
  readonly services: readonly SimulatedService[];
  /** Only a paired client may read, write or listen. */
  readonly pin?: number;
  readonly rssi?: number;
  /** Default 23: fragments of 20 bytes. */
  readonly mtu?: number;
  /** `notify` sends bytes as one notification each time. */
  open(notify: (characteristic: string, bytes: Uint8Array) => void): PeripheralSession;
  /** What goes wrong with it now; a test changes it as it likes. */
  readonly faults?: RadioFaults;
}

/** What can go wrong with one device. */
export interface RadioFaults {
  /** It is not there: switched off, out of reach, or a phone is connected to it. */
  absent?: boolean;
  /** Connect fails, is never answered, or succeeds without a link. */
  connect?: 'fails' | 'never' | 'empty';
  /** Connect takes so long, ms. */
  connectMs?: number;
  /** The link comes up, but its services are never known. */
  unresolved?: boolean;
  /** Nothing is heard any more although the link stays up. */
  mute?: boolean;
  /** Another program on this machine listens too, so that everything is heard twice. */
  doubled?: boolean;
  /** StartNotify is refused. */
  deaf?: boolean;
  /** The link is lost so long after it came up, ms. */
  cutAfterMs?: number;
  /** Answers only what is written in this way. */
  hears?: 'request' | 'command';
}
