import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundle, shipped } from '../../tools/bundle.ts';

/**
 * Everything of others that runs as root on the device. A package that is not in this list must not get into the bundle unseen:
 * whoever adds a line has read what the package does and that `npm audit --omit=dev` says nothing about it.
 */
const REVIEWED: readonly string[] = [
  '@colors/colors',
  '@dabh/diagnostics',
  '@nornagon/put',
  '@serialport/binding-mock',
  '@serialport/bindings-cpp',
  '@serialport/bindings-interface',
  '@serialport/parser-byte-length',
  '@serialport/parser-cctalk',
  '@serialport/parser-delimiter',
  '@serialport/parser-inter-byte-timeout',
  '@serialport/parser-packet-length',
  '@serialport/parser-readline',
  '@serialport/parser-ready',
  '@serialport/parser-regex',
  '@serialport/parser-slip-encoder',
  '@serialport/parser-spacepacket',
  '@serialport/stream',
  '@so-ric/colorspace',
  'async',
  'bl',
  'd3-array',
  'd3-color',
  'd3-format',
  'd3-interpolate',
  'd3-path',
  'd3-scale',
  'd3-shape',
  'd3-time',
  'd3-time-format',
  'dbus-next',
  'enabled',
  'fecha',
  'fn.name',
  'inherits',
  'is-stream',
  'jsbi',
  'kuler',
  'logform',
  'long',
  'lru-cache',
  'mqtt',
  'mqtt-packet',
  'ms',
  'nanotar',
  'one-time',
  'preact',
  'process-nextick-args',
  'rfdc',
  'safe-buffer',
  'safe-stable-stringify',
  'serialport',
  'smol-toml',
  'stack-trace',
  'triple-beam',
  'uplot',
  'winston',
  'winston-transport',
];

describe('what ships', () => {
  it('is made of the packages that were reviewed, and no others', async () => {
    expect(await shipped()).toEqual(REVIEWED);
  });

  it('starts: nothing that it needs was replaced by something that is not there', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dbus-bms-bundle-'));
    const program = await bundle(folder);
    // A service opens its log before it looks for its port, and the log is what loads most.
    const { status, stderr } = spawnSync(process.execPath, [program, 'run', 'ttyNONE'], { encoding: 'utf8' });
    expect(stderr).toMatch(/^error port: PORT_MISSING: [^\n]*\n$/);
    expect(status).toBe(1);
    rmSync(folder, { recursive: true });
  });

  it('is pinned with a checksum each', () => {
    const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as {
      packages: Record<string, { version?: string; integrity?: string }>;
    }; // written by npm
    for (const name of REVIEWED) {
      const { integrity, version } = lock.packages[`node_modules/${name}`] ?? {};
      expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
      expect(integrity, name).toMatch(/^sha512-/);
    }
  });

  it('brings a bridge that starts without drivers and control, and a client of MQTT that neither of the others holds', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dbus-bms-bundle-'));
    await bundle(folder);
    const config = join(folder, 'config.toml');
    writeFileSync(config, '[bridge.mqtt]\nurl = "mqtt://127.0.0.1:1"\n');
    const run = spawnSync(
      process.execPath,
      [join(folder, 'bridge.cjs'), 'bridge', '--config', config, '--forget', 'X1'],
      {
        encoding: 'utf8',
      },
    );
    expect(run.stderr).toBe(
      'dbus-bms bridge: BUS: no connection to mqtt://127.0.0.1:1: nothing listens there\n',
    );
    expect(run.status).toBe(1);
    for (const name of ['dbus-bms.cjs', 'bridge.cjs']) {
      expect(readFileSync(join(folder, name), 'utf8')).not.toContain('Malformed unsubscribe');
    }
    expect(readFileSync(join(folder, 'mqtt.cjs'), 'utf8')).toContain('Malformed unsubscribe');
    expect(statSync(join(folder, 'bridge.cjs')).size).toBeLessThan(600_000);
  });
});
