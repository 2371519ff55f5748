import { sleep } from '../../clock.ts';
import { readInput } from '../../files.ts';
import { loadScenario } from '../../simulator/trials/scenario.ts';
import { noWord, parseArguments } from '../arguments.ts';
import type { Command, Io } from '../command.ts';
import { numberOption } from '../simulate/simulate.ts';
import { DemoHouse } from './demo-house.ts';
import { demoScreen } from './demo-screen.ts';
import { ENTER_SCREEN, LEAVE_SCREEN, mayColour, redraw, render } from './terminal.ts';

const USAGE = `usage: dbus-bms demo [--for <seconds>] [--bms <id>] [--scenario NAME|FILE] [--speed N] [--page]
Everything at once on a private bus: a simulated battery, the driver, and a second client that reads back
from D-Bus what the driver publishes. Chargers obey what stands on the bus. No hardware and no Venus OS needed.
  --for SECONDS     end by itself with exit 0
  --bms ID          which BMS to simulate; default jbd
  --scenario NAME   default demo: a charge to float with a cell that runs ahead, then a BMS that falls silent
  --speed N         battery and driver live N times as fast; default 150, an hour in 24 seconds
  --config FILE     settings of the driver
  --page            serves the page of the bridge too, at http://127.0.0.1:8088/
  --page-port N     at another port`;

const PAGE_PORT = 8088;
/** Real time between two steps of the house, and between two screens. */
const STEP_MS = 40;
const REFRESH_MS = { terminal: 250, pipe: 5000 };
/** Where nobody says how large the screen is. */
const USUAL_SIZE = { columns: 80, rows: 24 };
/** In a pipe there is no end to the rows, only to what somebody reads. */
const PIPE_SIZE = { columns: 110, rows: 40 };

export const demo: Command = {
  summary: 'everything at once with a simulated battery, no hardware needed',
  usage: USAGE,
  async run(args, io) {
    const { values, positionals } = parseArguments(args, {
      for: { type: 'string' },
      bms: { type: 'string', default: 'jbd' },
      scenario: { type: 'string', default: 'demo' },
      speed: { type: 'string', default: '150' },
      config: { type: 'string' },
      page: { type: 'boolean' },
      'page-port': { type: 'string' },
    });
    noWord(positionals);
    const seconds = numberOption('for', values.for, 1, 1e6);
    const speed = numberOption('speed', values.speed, 0.01, 10_000) ?? 1;
    const port = numberOption('page-port', values['page-port'], 1, 65_535) ?? PAGE_PORT;
    if (values.config !== undefined) await readInput(values.config);
    const scenario = loadScenario(values.scenario);
    const { bms, config } = values;
    const house = await DemoHouse.open({ bms, scenario, ...(config !== undefined && { config }) });
    try {
      if (values.page === true || values['page-port'] !== undefined) await house.servePage(port);
      await show(io, house, { bms, speed, hour: scenario.hour, ...(seconds !== undefined && { seconds }) });
      if (house.failure !== undefined) io.err(`dbus-bms demo: ${house.failure}\n`);
      return house.failure === undefined ? 0 : 1;
    } finally {
      await house.close();
    }
  },
};

interface Show {
  readonly bms: string;
  readonly speed: number;
  readonly hour: number;
  /** Real time after which it ends. */
  readonly seconds?: number;
}

/** Drives the house and shows it until somebody ends it; on a slow computer it lives more slowly, and nothing is lost. */
async function show(io: Io, house: DemoHouse, { bms, speed, hour, seconds }: Show): Promise<void> {
  const start = io.clock.now();
  const hasColour = mayColour(io.isTerminal, io.env);
  const refreshMs = io.isTerminal ? REFRESH_MS.terminal : REFRESH_MS.pipe;
  let shownAt = Number.NEGATIVE_INFINITY;
  const draw = (): string[] => {
    const size = io.isTerminal ? (io.size?.() ?? USUAL_SIZE) : PIPE_SIZE;
    const { battery } = house;
    const shown = {
      service: house.service,
      bms,
      speed,
      hour,
      elapsedMs: house.clock.now(),
      current: house.plant.current,
      log: house.log,
      ...(battery !== undefined && { battery }),
    };
    return demoScreen(shown, size).map((line) => render(line, size.columns, hasColour));
  };
  if (io.isTerminal) io.out(ENTER_SCREEN);
  try {
    for (;;) {
      const now = io.clock.now();
      const isOver =
        io.signal.aborted ||
        house.failure !== undefined ||
        (seconds !== undefined && now - start >= seconds * 1000);
      if (isOver || now - shownAt >= refreshMs) {
        const lines = draw();
        io.out(io.isTerminal ? redraw(lines) : `${lines.join('\n')}\n\n`);
        shownAt = now;
      }
      if (isOver) return;
      await house.advance(STEP_MS * speed);
      await sleep(io.clock, Math.max(0, now + STEP_MS - io.clock.now()), io.signal);
    }
  } finally {
    // What was seen last stays to be read.
    if (io.isTerminal) io.out(`${LEAVE_SCREEN}${draw().join('\n')}\n`);
  }
}
