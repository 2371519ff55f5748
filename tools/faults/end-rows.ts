import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openSerial } from '../../src/transport/serial/serial.ts';
import { eventually } from '../../test/support/bus.ts';
import { House } from '../../test/support/house.ts';
import { Program } from '../../test/support/program.ts';
import type { Row } from './row.ts';
import { BATTERY, type Effort, pause } from './scene.ts';

/** What ends the process: each phase with a process of its own. `wanted` are the ways in which it may end. */
async function ending(
  fault: string,
  phases: readonly ((house: House, program: Program) => Promise<void>)[],
  wanted: readonly (number | string)[],
  mayRestart: boolean,
): Promise<Row> {
  const missed: string[] = [];
  for (const phase of phases) {
    const house = await House.open('jbd', BATTERY);
    try {
      const program = house.run('--bms', 'jbd');
      await phase(house, program);
      const end = await Promise.race([program.ended, pause(20_000).then(() => 'still there')]);
      if (!wanted.includes(end)) missed.push(`ended with ${end}: ${program.err.join(' ')}`);
      if (program.err.length > 1) missed.push(`said ${program.err.length} lines`);
      const damaged = stateFiles(house).filter((file) => !isJson(file));
      if (damaged.length > 0) missed.push(`${damaged.length} state files damaged`);
    } finally {
      await house.close();
    }
  }
  const restarts = mayRestart ? phases.length : 0;
  return { fault, injected: phases.length, wrong: 0, raised: 0, restarts, mayRestart: restarts, missed };
}

function stateFiles(house: House): string[] {
  const folder = house.file('');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(folder, name));
}

function isJson(file: string): boolean {
  try {
    JSON.parse(readFileSync(file, 'utf8'));
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Resolves with the `count`th request of the program. */
function request(house: House, count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    const { plant } = house.device;
    const truth = plant.truth.bind(plant);
    plant.truth = () => {
      left -= 1;
      if (left === 0) resolve();
      return truth();
    };
  });
}

/** Ends of the process, each with the restarts that it costs. */
export async function endRows({ endAfterMs }: Pick<Effort, 'endAfterMs'>): Promise<Row[]> {
  const unplugged = (house: House): Promise<void> => house.serving.close();
  const kill = (signal: NodeJS.Signals) => (program: Program) => void program.process.kill(signal);
  const signalled = (signal: NodeJS.Signals) => [
    ...endAfterMs.map((ms) => async (_: House, program: Program) => {
      await pause(ms);
      kill(signal)(program);
    }),
    async (house: House, program: Program) => {
      await request(house, 3);
      kill(signal)(program);
    },
    async (house: House, program: Program) => {
      await house.isUp();
      kill(signal)(program);
    },
  ];
  return Promise.all([
    ending(
      'unplugged: while searching, while asked, between polls',
      [
        async (house) => {
          await request(house, 1);
          await unplugged(house);
        },
        async (house) => {
          await house.isUp();
          await request(house, 1);
          await unplugged(house);
        },
        async (house) => {
          await house.isUp();
          await unplugged(house);
        },
      ],
      [1],
      true,
    ),
    busLost(),
    // Before the program has taken over the signal, its default ends the process just as well.
    ending('TERM at every phase', signalled('SIGTERM'), [0, 'SIGTERM'], false),
    ending('KILL at every phase', signalled('SIGKILL'), ['SIGKILL'], true),
    busy(),
  ]);
}

/** The daemon dies, and with it everybody's connection; the supervisor starts the program anew, on a new bus. */
async function busLost(): Promise<Row> {
  const house = await House.open('jbd', BATTERY);
  const other = await House.open('jbd', BATTERY, 'ttyUSB2');
  try {
    const program = house.run('--bms', 'jbd');
    await house.isUp();
    await house.bus.kill();
    const end = await Promise.race([program.ended, pause(20_000).then(() => 'still there')]);
    const began = performance.now();
    const env = { ...other.env, DBUS_BMS_STATE: house.file('') };
    const again = new Program(['run', house.port, '--bms', 'jbd'], env);
    const reader = await other.readerOf(house.service);
    await eventually(() => reader.number('/Dc/0/Voltage') !== undefined);
    const recoveryS = (performance.now() - began) / 1000;
    await again.stop();
    const missed = [
      end !== 1 && `ended with ${end}: ${program.err.join(' ')}`,
      program.err.length > 1 && `said ${program.err.length} lines`,
    ].filter((text) => text !== false);
    return {
      fault: 'bus daemon killed and restarted',
      injected: 1,
      wrong: 0,
      raised: 0,
      recoveryS,
      restarts: 1,
      mayRestart: 1,
      missed,
    };
  } finally {
    await house.close();
    await other.close();
  }
}

async function busy(): Promise<Row> {
  const house = await House.open('jbd', BATTERY);
  try {
    const holder = await openSerial(house.port, { baudRate: 9600 });
    const program = house.run('--bms', 'jbd');
    const end = await program.ended;
    await holder.close();
    const isSaid = program.err.length === 1 && program.err[0]?.includes('PORT_BUSY') === true;
    const missed = end === 1 && isSaid ? [] : [`ended with ${end}: ${program.err.join(' ')}`];
    return { fault: 'port busy', injected: 1, wrong: 0, raised: 0, restarts: 1, mayRestart: 1, missed };
  } finally {
    await house.close();
  }
}
