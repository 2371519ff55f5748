import { createHash } from 'node:crypto';
import type { BatteryView } from '../../battery/battery-view.ts';
import { redact } from '../../redact.ts';

/** Shorter texts are words or numbers that stand everywhere. */
const SHORTEST = 4;

/**
 * Takes names and secrets out of the texts of a report. A serial number becomes the same short code wherever it stands, so
 * that a reader still sees which battery is which; names that the owner gave go altogether.
 */
export class Privacy {
  readonly #codes = new Map<string, string>();

  /** What identifies this battery is hidden from now on. */
  note({ facts, identity, reading }: BatteryView): void {
    for (const serial of [identity.serial, reading?.serialNumber, facts.serialNumber]) this.serial(serial);
    this.name(identity.customName);
  }

  serial(text: string | undefined): void {
    this.#hide('serial', text);
  }

  name(text: string | undefined): void {
    this.#hide('name', text);
  }

  /** The text as anybody may read it. */
  clean(text: string): string {
    let shown = text;
    const longestFirst = [...this.#codes].sort(([a], [b]) => b.length - a.length);
    for (const [private_, code] of longestFirst) shown = shown.replaceAll(private_, code);
    return redact(shown);
  }

  #hide(kind: string, text: string | undefined): void {
    const trimmed = text?.trim() ?? '';
    if (trimmed.length < SHORTEST || this.#codes.has(trimmed)) return;
    const hash = createHash('sha256').update(trimmed).digest('hex').slice(0, 8);
    this.#codes.set(trimmed, `${kind}-${hash}`);
  }
}
