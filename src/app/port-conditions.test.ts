import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BATTERY } from '../../test/support/batteries.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { jbd } from '../bms/jbd/index.ts';
import { responder } from '../bms/jbd/responder.ts';
import { PortMissingError } from '../errors.ts';
import { loadSettings } from '../settings/load.ts';
import { HalfDuplex } from '../transport/half-duplex.ts';
import { MemoryWire } from '../transport/memory.ts';
import { PortService } from './port-service.ts';

/** Files are read and written in real time, between two steps of the other clock. */
const REAL_MS = 1;

describe('the log of a port', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dbus-bms-test-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** The service with a battery behind a network bridge. */
  async function served() {
    const clock = new ManualClock();
    const lines: string[] = [];
    const stop = new AbortController();
    const line = { isThere: true, damage: (bytes: Uint8Array, _count: number) => bytes };
    let answers = 0;
    let shown = 0;
    const show = (): void => {
      shown += 1;
    };
    let wire: MemoryWire | undefined;
    const log = (scope: string) => {
      const say = (level: string) => (text: string) => void lines.push(`${level} ${scope}: ${text}`);
      return { error: say('error'), warn: say('warn'), info: say('info'), debug: () => {}, debugging: false };
    };
    const service = new PortService({
      port: { kind: 'tcp', host: '10.0.0.5', port: 23 },
      drivers: [jbd],
      settings: (await loadSettings('/nonexistent/dbus-bms.toml')).forPort('tcp'),
      stateFolder: folder,
      clock,
      log: { scope: log, setLevel: () => {} },
      signal: stop.signal,
      openOutput: () => ({ show, keepPacks: () => {}, close: () => {} }),
      openLink: async ({ clock: time, line: setting, onExchange }) => {
        if (!line.isThere) throw new PortMissingError('tcp://10.0.0.5:23 refuses the connection');
        const device = (request: Uint8Array): Uint8Array | undefined => {
          const bytes = responder.reply(request, BATTERY)?.bytes;
          answers += 1;
          return bytes && line.damage(bytes, answers);
        };
        wire = new MemoryWire(device, { clock });
        return new HalfDuplex(wire, {
          line: setting,
          clock: time,
          ...(onExchange !== undefined && { onExchange }),
        });
      },
    });
    const running = service.run();
    const step = async (): Promise<void> => {
      await clock.advance(250);
      await pause(REAL_MS);
    };
    const pass = async (seconds: number): Promise<void> => {
      for (let steps = 0; steps < 4 * seconds; steps += 1) await step();
    };
    const found = async (): Promise<void> => {
      while (shown < 3) await step();
      lines.length = 0;
    };
    const close = async (): Promise<void> => {
      stop.abort();
      let isOver = false;
      const over = running.finally(() => {
        isOver = true;
      });
      while (!isOver) await step();
      await over;
    };
    const told = (scope: string): string[] => lines.filter((text) => text.includes(` ${scope}: `));
    return { close, found, line, pass, told, unplug: () => wire?.unplug() };
  }

  it('says once that the connection is lost, and once that it is back', async () => {
    const { close, found, line, pass, told, unplug } = await served();
    await found();
    line.isThere = false;
    unplug();
    await pass(60);
    expect(told('port')).toHaveLength(1);
    expect(told('port')[0]).toMatch(/^warn port: .*opened again as soon as/);
    line.isThere = true;
    await pass(20);
    expect(told('port')).toHaveLength(2);
    expect(told('port')[1]).toMatch(/^info port: the connection is back after 00:0[01]:/);
    await close();
  });

  it('says within 40 s that answers arrive damaged, with rate and cause, and later that they do not', async () => {
    const { close, found, line, pass, told } = await served();
    await found();
    const turned = (bytes: Uint8Array) => bytes.map((byte, at) => (at === 9 ? byte ^ 4 : byte));
    line.damage = (bytes, count) => (count % 3 === 0 ? turned(bytes) : bytes);
    await pass(40);
    expect(told('wire')).toHaveLength(1);
    expect(told('wire')[0]).toMatch(/^warn wire: answers arrive damaged: \d+ of \d+ in 20 s .*check ground/);
    line.damage = (bytes) => bytes;
    await pass(120);
    expect(told('wire')).toHaveLength(2);
    expect(told('wire')[1]).toMatch(/^info wire: answers arrive undamaged again/);
    await close();
  });

  it('says nothing of a sound line', async () => {
    const { close, found, pass, told } = await served();
    await found();
    await pass(120);
    expect([...told('wire'), ...told('port')]).toEqual([]);
    await close();
  });
});
