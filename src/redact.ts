/** What stands in place of a secret. */
export const HIDDEN = '***';

/** Shorter texts are words or numbers that stand everywhere; hiding them would make a log unreadable. */
const SHORTEST_SECRET = 4;

interface Pattern {
  readonly matches: RegExp;
  readonly shown: string;
}

const NAMES =
  'pass(?:word|wd|phrase)?|pwd|secret|token|pin(?:code)?|(?:api|access|private|encryption|bind)?[-_ ]?key';

/** What is a secret wherever it stands. The name or the maker's half of an address stays, so that a reader can tell what it was. */
const PATTERNS: readonly Pattern[] = [
  // mqtt://owner:password@host
  { matches: /(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/@]+@/gi, shown: `$1:${HIDDEN}@` },
  { matches: /\b((?:Bearer|Basic|Token)\s+)[A-Za-z0-9._~+/=-]{4,}/g, shown: `$1${HIDDEN}` },
  // password = "x", token: x, key=x, "pin":"x"; quoted values whole, others up to the next blank or comma
  {
    matches: new RegExp(
      `((?<![A-Za-z])(?:[a-z]+[-_])?(?:${NAMES})(?:"|')?\\s*[:=]\\s*)("[^"]*"|'[^']*'|[^\\s,;&"']+)`,
      'gi',
    ),
    shown: `$1${HIDDEN}`,
  },
  // A0:B1:C2:D3:E4:F5: the maker's half stays; BlueZ writes dev_A0_B1_C2_D3_E4_F5
  {
    matches:
      /(?<![0-9A-Fa-f:_-])((?:dev_)?[0-9A-Fa-f]{2}([:_-])[0-9A-Fa-f]{2}\2[0-9A-Fa-f]{2})(?:\2[0-9A-Fa-f]{2}){3}(?![0-9A-Fa-f:_-])/g,
    shown: `$1$2${HIDDEN}`,
  },
  // N/c0619ab12345/battery/...: the portal id in a topic of Venus OS, and where it is named
  { matches: /\b([NRWI]\/)[0-9a-f]{12}(?=\/)/g, shown: `$1${HIDDEN}` },
  { matches: /\b(portal[-_ ]?id["']?\s*[:=]?\s*["']?)[0-9a-f]{12}\b/gi, shown: `$1${HIDDEN}` },
];

const secrets = new Set<string>();

/** From now on this text is hidden wherever it would be logged: a password, a PIN, a token that was read from a file. */
export function keepSecret(text: string): void {
  const secret = text.trim();
  if (secret.length >= SHORTEST_SECRET) secrets.add(secret);
}

/** The text without passwords, tokens, PINs, keys, portal ids and the device's half of MAC addresses. */
export function redact(text: string): string {
  let shown = text;
  for (const secret of secrets) shown = shown.replaceAll(secret, HIDDEN);
  // What was taken out may have stood before another secret, and hidden where that one begins.
  for (let before = ''; before !== shown; ) {
    before = shown;
    for (const { matches, shown: by } of PATTERNS) shown = shown.replaceAll(matches, by);
  }
  return shown;
}
