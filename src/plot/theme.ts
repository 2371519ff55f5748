export const HUE_NAMES = ['blue', 'orange', 'green', 'violet', 'teal', 'red', 'grey'] as const;
export type Hue = (typeof HUE_NAMES)[number];
type Pair = readonly [light: string, dark: string];

/** Colours by hue, on light and on dark paper; each is readable as a line and as a text on its paper. */
const HUES: Readonly<Record<Hue, Pair>> = {
  blue: ['#1565c0', '#6db3ff'],
  orange: ['#c2571a', '#ff9f5a'],
  green: ['#2e7d32', '#74cf7c'],
  violet: ['#7b3fa8', '#c79bf0'],
  teal: ['#00798a', '#4fd0e0'],
  red: ['#c62828', '#ff8480'],
  grey: ['#5f6b76', '#a4b0bb'],
};

const PAPER = {
  paper: ['#ffffff', '#14181d'],
  ink: ['#1b2430', '#e8edf2'],
  soft: ['#55606c', '#a9b4bf'],
  grid: ['#e2e6ea', '#2c343c'],
} as const;

/** Size of ordinary text, px. */
export const TEXT_SIZE = 12;
/** Mean width of a character for laying out, px; generous, because nobody knows the font of the reader. */
export const CHARACTER = 7;

const COLOURS = { ...PAPER, ...HUES };

function variables(scheme: 0 | 1): string {
  return Object.entries(COLOURS)
    .map(([name, colours]) => `--${name}:${colours[scheme]}`)
    .join(';');
}

/** A property as a variable, with the light colour first for viewers that know no variables. */
function coloured(property: string, name: keyof typeof COLOURS): string {
  return `${property}:${COLOURS[name][0]};${property}:var(--${name})`;
}

/** The style sheet of every drawing: light, and dark where the reader prefers it. */
export function styleSheet(): string {
  return [
    `.sheet{${variables(0)};font-family:system-ui,'DejaVu Sans',sans-serif;font-size:${TEXT_SIZE}px}`,
    `@media(prefers-color-scheme:dark){.sheet{${variables(1)}}}`,
    `.paper{${coloured('fill', 'paper')}}`,
    `text{${coloured('fill', 'ink')}}`,
    `.soft{${coloured('fill', 'soft')}}`,
    `.grid{${coloured('stroke', 'grid')}}`,
    `.axis{${coloured('stroke', 'soft')}}`,
    '.heading{font-size:17px;font-weight:600}.title{font-size:13px;font-weight:600}',
    '.line{fill:none;stroke:currentColor;stroke-width:1.8;stroke-linejoin:round}',
    '.dashed{stroke-dasharray:6 4}',
    '.area{fill:currentColor;fill-opacity:.28}',
    ...HUE_NAMES.map((hue) => `.${hue}{${coloured('color', hue)}}`),
  ].join('\n');
}
