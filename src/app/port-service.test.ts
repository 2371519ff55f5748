import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { jbd } from '../bms/jbd/index.ts';
import { loadSettings } from '../settings/load.ts';
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
  async function service(signal: AbortSignal): Promise<PortService> {
    const clock = new ManualClock();
    return new PortService({
      port: { kind: 'serial', path: '/dev/ttyUSB0' },
      drivers: [jbd],
      settings: (await loadSettings('/nonexistent/dbus-bms.toml')).forPort('ttyUSB0'),
      stateFolder: folder,
      clock,
      log: { scope: () => silent, setLevel: () => {} },
      signal,
      openLink: async ({ line }) => new HalfDuplex(new MemoryWire(() => undefined), { line, clock }),
    });
  }

  it('is left without an error when the search is broken off', async () => {
    const stop = new AbortController();
    stop.abort();
    await expect((await service(stop.signal)).run()).resolves.toBeUndefined();
  });
});
