import type { LineSettings } from '../../transport/exchange.ts';

/** Where and how a battery answered, or is looked for. */
export interface Hit {
  readonly id: string;
  readonly line: LineSettings;
  readonly address: number;
}

/** "9600 8N1", or "service ff00" over Bluetooth. */
export function lineText(line: LineSettings): string {
  if (line.gatt !== undefined) return `service ${line.gatt.service}`;
  return `${line.baudRate} 8${(line.parity ?? 'none').charAt(0).toUpperCase()}${line.stopBits ?? 1}`;
}

/** "jbd at 1, 9600 8N1": one attempt in a log line. */
export function hitText({ id, address, line }: Hit): string {
  return `${id} at ${address}, ${lineText(line)}`;
}

/** The gap is part of the setting: two BMSes of one speed may want different silences. */
export function sameSetting(a: LineSettings, b: LineSettings): boolean {
  return lineText(a) === lineText(b) && a.gapMs === b.gapMs;
}
