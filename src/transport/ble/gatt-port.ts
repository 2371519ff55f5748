/**
 * Where bytes go into a Bluetooth device and come out of it. UUIDs as the documents write them: four hex digits for a 16-bit one,
 * else all 128 bits.
 */
export interface GattPort {
  readonly service: string;
  /** Its notifications are what the device says. */
  readonly notify: string;
  /** Requests are written to it; absent: this device only speaks by itself. */
  readonly write?: string;
  /** The service of `write` where that is another one: a UUID may stand in two services of one device. */
  readonly writeService?: string;
}
