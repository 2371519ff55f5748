import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../test/support/virtual-line.ts';
import { BMSES } from '../bms/index.ts';
import type { Clock } from '../clock.ts';
import { hex } from '../errors.ts';
import { loadSettings } from '../settings/load.ts';
import { VirtualClock } from '../simulator/virtual-clock.ts';
import { HalfDuplex } from '../transport/half-duplex.ts';
import { MemoryWire } from '../transport/memory.ts';
import { PortService } from './port-service.ts';

const silent = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {}, debugging: false };

describe('a port without a battery', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dbus-bms-test-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** The service on a line on which nobody answers. */
  async function service(
    signal: AbortSignal,
    wire = new MemoryWire(() => undefined),
    clock: Clock = new VirtualClock(),
  ): Promise<PortService> {
    return new PortService({
      port: { kind: 'serial', path: '/dev/ttyUSB0' },
      drivers: BMSES.map(({ driver }) => driver),
      settings: (await loadSettings('/nonexistent/dbus-bms.toml')).forPort('ttyUSB0'),
      stateFolder: folder,
      clock,
      log: { scope: () => silent, setLevel: () => {} },
      signal,
      openLink: async ({ line }) => new HalfDuplex(wire, { line, clock }),
    });
  }

  /** One start of the program: what it asks until it gives the port back. */
  async function asked(): Promise<string[]> {
    const clock = new VirtualClock();
    const wire = new MemoryWire(() => undefined);
    const run = (await service(new AbortController().signal, wire, clock)).run();
    await expect(until(clock, run)).rejects.toMatchObject({ code: 'NOTHING_FOUND' });
    return wire.written.map((request) => hex(request, request.length));
  }

  it('is left in time, and the next start asks on where this one ended', async () => {
    const [first, second] = [await asked(), await asked()];
    expect(first.length).toBeGreaterThan(15);
    expect(second.length).toBeGreaterThan(15);
    expect(second[0]).not.toBe(first[0]);
    expect(second.filter((request) => !first.includes(request)).length).toBeGreaterThan(5);
  });

  it('is left without an error when the search is broken off', async () => {
    const stop = new AbortController();
    stop.abort();
    await expect((await service(stop.signal)).run()).resolves.toBeUndefined();
  });
});
