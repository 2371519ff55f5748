/** What stands where nothing is known. */
export const NONE = '–';

/** "53.21 V"; a dash for what is absent. */
export function quantity(value: number | null | undefined, digits: number, unit: string): string {
  if (value === null || value === undefined) return NONE;
  const text = value.toFixed(digits);
  return `${Number(text) === 0 ? text.replace('-', '') : text} ${unit}`;
}

/** "12 s", "4 min", "3 h 20 min", "2 d 3 h". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

/** What flows, in words: below 0.05 A nothing does. */
export function flow(current: number | undefined): string {
  if (current === undefined) return '';
  if (Math.abs(current) < 0.05) return 'resting';
  return current > 0 ? 'charging' : 'discharging';
}
