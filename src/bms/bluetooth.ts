import { hex } from '../errors.ts';
import type { GattPort } from '../transport/ble/gatt-port.ts';
import { longUuid } from '../transport/ble/uuid.ts';

/** How a battery is found and reached over Bluetooth LE. */
export interface BluetoothReach {
  /** What its advertisements look like; one of these is enough. */
  readonly adverts: readonly Advert[];
  /** Where its bytes go and come from, most likely first: modules of one BMS differ. */
  readonly ports: readonly [GattPort, ...GattPort[]];
}

/** Conditions that must all hold. */
export interface Advert {
  /** Patterns of the whole local name: `*` any characters, `?` one, `[0-9]` one of these. Case counts. */
  readonly names?: readonly string[];
  /** An advertised service. */
  readonly service?: string;
  /** Company ids of the manufacturer data. Some devices put their address there, so such an id may name nobody. */
  readonly companies?: readonly number[];
  /** How the data behind the company id begins, lower-case hex. */
  readonly data?: string;
  /** First three bytes of the address: `A4:C1:38`. */
  readonly makers?: readonly string[];
}

/** What a device says of itself. */
export interface Advertised {
  /** `A4:C1:38:00:11:22`. */
  readonly address: string;
  /** The local name as it came: some end with blanks or control characters. */
  readonly name?: string;
  /** Services, 128 bits, lower case. */
  readonly services: readonly string[];
  /** Data by company id. */
  readonly manufacturerData: ReadonlyMap<number, Uint8Array>;
}

/** Whether an advertisement may be that of such a battery. It proves nothing: only an answer does. */
export function mayBe({ adverts }: Pick<BluetoothReach, 'adverts'>, seen: Advertised): boolean {
  return adverts.some((advert) => fits(advert, seen));
}

function fits({ names, service, companies, data, makers }: Advert, seen: Advertised): boolean {
  const { address, manufacturerData, name, services } = seen;
  if (names !== undefined && (name === undefined || !names.some((one) => namePattern(one).test(name))))
    return false;
  if (service !== undefined && !services.includes(longUuid(service))) return false;
  if (makers !== undefined && !makers.includes(address.slice(0, 8).toUpperCase())) return false;
  if (companies === undefined) return true;
  return companies.some((company) => {
    const said = manufacturerData.get(company);
    return said !== undefined && hex(said, said.length).startsWith(data ?? '');
  });
}

function namePattern(glob: string): RegExp {
  const source = glob.replaceAll(/\[[^\]]*\]|[\s\S]/g, (part) => {
    if (part === '*') return '[\\s\\S]*';
    if (part === '?') return '[\\s\\S]';
    return part.length > 1 ? part : part.replace(/[\\^$.|+(){}[\]]/, '\\$&');
  });
  return new RegExp(`^${source}$`);
}
