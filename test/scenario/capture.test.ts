import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { listen } from '../../src/simulator/line/serve.ts';
import { buildDevice } from '../../src/simulator/plant/build.ts';
import { parseScenario } from '../../src/simulator/trials/scenario.ts';
import { House, STEADY } from '../support/house.ts';
import { Program, temporaryFolder } from '../support/program.ts';

const closing: (() => Promise<unknown> | unknown)[] = [];
let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
  closing.push(() => folder.remove());
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function battery(bms: string): Promise<string> {
  const device = await buildDevice(bms, parseScenario(STEADY), systemClock);
  const serving = await listen(device, { port: 0 });
  closing.push(async () => {
    await serving.close();
    device.close();
  });
  return serving.path;
}

async function done(...args: readonly string[]): Promise<Program> {
  const program = new Program(args);
  closing.push(() => program.stop());
  await program.ended;
  return program;
}

describe('--capture and replay', () => {
  it('read says again, from the file alone, what it said of the battery', async () => {
    const file = join(folder.path, 'report.jsonl');
    const read = await done('read', await battery('jbd'), '--bms', 'jbd', '--json', '--capture', file);
    expect(read.err).toEqual([]);
    const replayed = await done('replay', file, '--json');
    expect(replayed.err).toEqual([]);
    const last = JSON.parse(replayed.out.at(-1) ?? '') as Record<string, unknown>; // our own document
    expect({ ...last, t: undefined }).toEqual({ ...JSON.parse(read.out[0] ?? ''), t: undefined });
    const table = await done('replay', file, '--bms', 'jbd');
    expect(table.out.at(-1)).toMatch(/s {2}jbd 1 {2}\S+ V {2}\S+ A {2}60 % {2}16 cells/);
  });

  it('run and probe write what they ask too', async () => {
    const file = join(folder.path, 'probe.jsonl');
    await done('probe', await battery('jk'), '--bms', 'jk', '--capture', file);
    expect((await done('replay', file)).out.join('\n')).toContain(' jk ');

    const house = await House.open();
    closing.push(() => house.close());
    const program = house.run('--bms', 'jbd', '--capture', house.file('run.jsonl'));
    await house.isUp();
    await house.signals(1);
    program.process.kill('SIGTERM');
    expect(await program.ended).toBe(0);
    const text = readFileSync(house.file('run.jsonl'), 'utf8');
    expect(text.endsWith('\n')).toBe(true);
    expect((await done('replay', house.file('run.jsonl'), '--json')).out.length).toBeGreaterThan(1);
  });

  it.each([
    [['replay'], 'expected the name of one capture file'],
    [['read', 'ttyUSB0', '--capture', 'x', '--capture-size', '0'], '--capture-size must be'],
    [['read', 'ttyUSB0', '--capture-size', '1'], '--capture-size needs --capture'],
  ])('%j is refused with one clear line and exit 2', async (args, text) => {
    const program = await done(...args);
    expect(await program.ended).toBe(2);
    expect(program.err[0]).toContain(text);
  });

  it('a capture that is not there is no mistake of the command line: exit 1', async () => {
    const program = await done('replay', '/nonexistent/x');
    expect(await program.ended).toBe(1);
    expect(program.err).toEqual([
      'dbus-bms replay: CONFIG: /nonexistent/x cannot be read: there is no such file or folder',
    ]);
  });
});
