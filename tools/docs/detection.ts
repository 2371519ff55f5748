import { readFileSync } from 'node:fs';
import { askingOf } from '../../src/bms/detect/attempt-link.ts';
import { lineText } from '../../src/bms/detect/hit.ts';
import { plan, type Step } from '../../src/bms/detect/plan.ts';
import { BMSES } from '../../src/bms/index.ts';
import { DRIVERS, EFFECTS, type Effect, effectOf } from '../../test/support/detection.ts';
import { wrap } from './wrap.ts';

const PAGE = new URL('../../docs/detection.md', import.meta.url);

/** What stands between the marks of docs/detection.md; the rest of the page is written by hand. */
const PARTS: Readonly<Record<string, () => string | Promise<string>>> = { order, effects };

/** docs/detection.md with the parts that come from the drivers. */
export async function detectionPage(): Promise<string> {
  let page = readFileSync(PAGE, 'utf8');
  for (const [name, render] of Object.entries(PARTS)) {
    const begin = `<!-- made by npm run docs: ${name} -->`;
    const marked = new RegExp(`${begin}\n[^]*?<!-- end -->`);
    if (!marked.test(page)) throw new Error(`docs/detection.md has no part "${name}"`);
    const text = await render();
    page = page.replace(marked, () => `${begin}\n${text}\n<!-- end -->`);
  }
  return page;
}

/** The short steps, one line setting after the other. */
function order(): string {
  const { round } = plan({ drivers: DRIVERS });
  const stretches: { setting: string; steps: Step[] }[] = [];
  for (const step of round.slice(
    0,
    round.findIndex(({ patience }) => patience === 'full'),
  )) {
    const last = stretches.at(-1);
    if (last?.setting === lineText(step.line)) last.steps.push(step);
    else stretches.push({ setting: lineText(step.line), steps: [step] });
  }
  const ms = ({ steps }: (typeof stretches)[number]): number =>
    steps.map(askingOf).reduce((sum, { timeoutMs, tries }) => sum + timeoutMs * tries, 0);
  const lines = stretches.flatMap((stretch) => {
    const who = stretch.steps.map(nameOf).join(', ');
    return wrap(`* ${stretch.setting}, ${(ms(stretch) / 1000).toFixed(1)} s of waiting: ${who}.`, '', '  ');
  });
  return [...wrap('The steps of 2 and 3 in this order:'), '', ...lines].join('\n');
}

/** The address only where it is not the usual one. */
function nameOf({ address, driver }: Step): string {
  const isUsual = address === driver.reach.serial.addresses[0];
  return isUsual ? `\`${driver.id}\`` : `\`${driver.id}\` at ${address}`;
}

const NO_EFFECT: readonly Effect[] = ['itself', 'silent'];

/** What each device does that does not stay silent when it hears the probes of others. */
async function effects(): Promise<string> {
  const lines: string[] = [];
  const quiet: string[] = [];
  const seen = new Set<Effect>();
  for (const entry of BMSES) {
    const byEffect = new Map<Effect, string[]>();
    for (const driver of DRIVERS) {
      const effect = await effectOf(entry, driver);
      if (!NO_EFFECT.includes(effect)) byEffect.set(effect, [...(byEffect.get(effect) ?? []), driver.id]);
    }
    if (byEffect.size === 0) quiet.push(`\`${entry.driver.id}\``);
    for (const [effect, ids] of byEffect) {
      seen.add(effect);
      lines.push(...wrap(`* \`${entry.driver.id}\` ${SAID[effect]} ${listOf(ids)}.`, '', '  '));
    }
  }
  const meanings = [...seen].flatMap((effect) =>
    wrap(`* *${SAID[effect]}*: it ${EFFECTS[effect]}.`, '', '  '),
  );
  return [
    ...wrap(`These stay silent to every foreign probe: ${quiet.join(', ')}. The others:`),
    '',
    ...lines,
    '',
    ...meanings,
  ].join('\n');
}

const SAID: Readonly<Record<Effect, string>> = {
  itself: 'is recognised by',
  silent: 'is silent to',
  waits: 'waits after',
  refuses: 'refuses',
  answers: 'answers',
  taken: 'IS TAKEN BY',
  disturbed: 'IS DISTURBED BY',
};

function listOf(ids: readonly string[]): string {
  const others = DRIVERS.filter(({ id }) => !ids.includes(id));
  if (others.length === 1) return 'the probes of all others';
  return `the probe of ${ids.map((id) => `\`${id}\``).join(', ')}`;
}
