import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import { systemClock } from '../src/clock.ts';
import { readPage } from '../src/output/web/page-files.ts';
import { WebOutput } from '../src/output/web/web-output.ts';
import { VirtualClock } from '../src/simulator/virtual-clock.ts';
import { SITUATIONS, type Situation, withDay } from '../test/support/situations.ts';
import { buildPage } from './page.ts';

/** Every screen of the page as a picture, to be looked at, and what a check of accessibility finds. */
const WIDTHS = [
  ['phone', 360, 740],
  ['tablet', 820, 1100],
  ['wall', 1920, 1080],
] as const;
const SCHEMES = ['light', 'dark'] as const;
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const LOST_MS = 7000;
const PROGRAM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

interface Finding {
  readonly screen: string;
  readonly text: string;
}

async function main(args: readonly string[]): Promise<number> {
  const folder = args[0] ?? join(fileURLToPath(new URL('..', import.meta.url)), 'gallery');
  const only = args[1];
  await mkdir(folder, { recursive: true });
  const pageFolder = join(tmpdir(), `dbus-bms-page-${process.pid}`);
  await buildPage(pageFolder);
  const files = await readPage(pageFolder);
  const browser = await chromium.launch({ executablePath: PROGRAM, args: FLAGS });
  const findings: Finding[] = [];
  let count = 0;
  for (const situation of SITUATIONS.filter(({ name }) => only === undefined || name === only)) {
    for (const scheme of SCHEMES) {
      for (const [width, pixels, height] of WIDTHS) {
        const screen = `${situation.name}-${width}-${scheme}`;
        const output = await serve(situation, files);
        const origin = `http://${output.address}/`;
        const context = await browser.newContext({
          viewport: { width: pixels, height },
          colorScheme: scheme,
        });
        const page = await context.newPage();
        const strangers: string[] = [];
        page.on('request', (request) => {
          if (!request.url().startsWith(origin)) strangers.push(request.url());
        });
        page.on('pageerror', (error) => findings.push({ screen, text: `error: ${error.message}` }));
        await page.goto(`${origin}#/${situation.route ?? ''}`);
        await page.waitForSelector(situation.batteries.length === 0 ? '.wait' : 'h1');
        if (situation.batteries.length === 1) await page.waitForSelector('.uplot');
        if (situation.isLost === true) {
          await output.close();
          await page.waitForTimeout(LOST_MS);
        }
        await page.screenshot({ path: join(folder, `${screen}.png`), fullPage: true });
        for (const text of [...strangers.map((url) => `asks ${url}`), ...(await check(page))])
          findings.push({ screen, text });
        count += 1;
        await context.close();
        if (situation.isLost !== true) await output.close();
      }
    }
  }
  await browser.close();
  await writeFile(
    join(folder, 'findings.txt'),
    findings.map(({ screen, text }) => `${screen}: ${text}\n`).join(''),
  );
  for (const { screen, text } of findings) process.stdout.write(`${screen}: ${text}\n`);
  process.stdout.write(
    findings.length === 0
      ? `${count} screens in ${folder}; nothing serious found\n`
      : `${count} screens in ${folder}; ${findings.length} findings\n`,
  );
  return findings.length === 0 ? 0 : 1;
}

/** The page with the day behind it in memory; its clock is real from then on. */
async function serve(situation: Situation, files: Awaited<ReturnType<typeof readPage>>): Promise<WebOutput> {
  const past = new VirtualClock();
  let isPast = true;
  const start = systemClock.now();
  let began = 0;
  const clock = {
    now: () => (isPast ? past.now() : began + systemClock.now() - start),
    wall: () => systemClock.wall(),
    after: (ms: number, action: () => void) =>
      isPast ? past.after(ms, action) : systemClock.after(ms, action),
  };
  const output = await WebOutput.open({
    host: '127.0.0.1',
    port: 0,
    guard: { names: [] },
    files,
    about: async () => ({
      version: '0.2.0',
      host: 'venus',
      logs: [
        {
          service: 'dbus-bms.ttyUSB0',
          lines: ['info jk-pb: JK on ttyUSB0', 'info control: Charge limited to 50 A: the set maximum'],
        },
      ],
    }),
    snapshot: {
      get batteries() {
        return isPast ? withDay(situation.batteries, past.now() / 3_600_000) : situation.batteries;
      },
    },
    clock,
    log: { info: () => undefined, warn: () => undefined },
  });
  await past.run(24 * 3_600_000);
  began = past.now();
  isPast = false;
  // The step that waits by the old clock goes on by the new one.
  await past.run(past.now() + 1000);
  return output;
}

/** Serious findings of a check of accessibility, and what is wider than the screen. */
async function check(page: Page): Promise<string[]> {
  const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
  const source = await readFile(axe, 'utf8');
  // The page forbids foreign scripts; the check is run from outside of it.
  await page.evaluate(source);
  const violations = (await page.evaluate(
    `axe.run(document).then(({ violations }) => violations.map(({ id, impact, nodes }) => ({ id, impact, where: nodes.map(({ target }) => target.join(' ')).slice(0, 3) })))`,
  )) as { id: string; impact: string; where: string[] }[];
  const wide = (await page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  )) as number;
  return [
    ...violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, impact, where }) => `${impact} ${id}: ${where.join('; ')}`),
    ...(wide > 0 ? [`${wide} px wider than the screen`] : []),
  ];
}

process.exitCode = await main(process.argv.slice(2));
