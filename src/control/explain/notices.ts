/** Monotonic seconds at which each notice was last justified. */
export type NoticeState = Readonly<Record<string, number>>;

/** A thing an owner should know; the key stays the same while the numbers in the text change. */
export interface Notice {
  readonly key: string;
  readonly text: string;
  /** It tells of a moment, and not of something that lasts. */
  readonly once?: true;
}

/** A notice is told again only after its cause was away for this long. */
const FORGOTTEN_S = 3600;

/** Tells each notice once when it appears. */
export function tell(
  state: NoticeState,
  notices: readonly Notice[],
  t: number,
): { readonly state: NoticeState; readonly told: readonly string[] } {
  if (notices.length === 0) return { state, told: [] };
  const next: Record<string, number> = { ...state };
  const told: string[] = [];
  for (const { key, text } of notices) {
    const last = state[key];
    if (last === undefined || t - last > FORGOTTEN_S) told.push(text);
    next[key] = t;
  }
  return { state: next, told };
}
