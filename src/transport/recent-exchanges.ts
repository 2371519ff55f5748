import type { Clock } from '../clock.ts';
import { VERSION } from '../version.ts';
import { captureLine } from './capture.ts';
import type { ExchangeRecord } from './exchange.ts';

/** How far back it reaches, and the most that it holds whatever the rate, bytes on the wire. */
const KEPT_MS = 60_000;
const MOST_BYTES = 64 * 1024;

/** The last minute on the wire, for a report of a fault. In memory only. */
export class RecentExchanges {
  readonly #clock: Clock;
  readonly #records: ExchangeRecord[] = [];
  #bytes = 0;
  /** Failed exchanges since the start, by error code. */
  readonly #errors = new Map<string, number>();
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(record: ExchangeRecord): void {
    this.#count += 1;
    if (record.error !== undefined) {
      const code = 'code' in record.error ? String(record.error.code) : record.error.name;
      this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1);
    }
    this.#records.push(record);
    this.#bytes += sizeOf(record);
    let [oldest] = this.#records;
    while (oldest !== undefined && (record.at - oldest.at > KEPT_MS || this.#bytes > MOST_BYTES)) {
      this.#bytes -= sizeOf(oldest);
      this.#records.shift();
      [oldest] = this.#records;
    }
  }

  /**
   * As the text of a capture, which `replay` reads. Those of `privateOf` (they name the battery) are left out; the first
   * line tells how many, and what went wrong since the start.
   */
  text(privateOf: (records: readonly ExchangeRecord[]) => ReadonlySet<ExchangeRecord>): string {
    const hidden = privateOf(this.#records);
    const shown = this.#records.filter((record) => !hidden.has(record));
    const t0 = shown[0]?.at ?? 0;
    const head = {
      capture: `dbus-bms ${VERSION}`,
      began: new Date(this.#clock.wall() - (this.#clock.now() - t0)).toISOString(),
      leftOut: this.#records.length - shown.length,
      exchangesSinceStart: this.#count,
      errorsSinceStart: Object.fromEntries(this.#errors),
    };
    return `${JSON.stringify(head)}\n${shown.map((record) => captureLine(record, t0)).join('')}`;
  }
}

function sizeOf({ received, request }: ExchangeRecord): number {
  return received.length + request.length;
}
