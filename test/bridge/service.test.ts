import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/program.ts';

const TOP = fileURLToPath(new URL('../..', import.meta.url));

/** The steps of installer and boot hook, on folders of the test; daemontools only take notes. */
describe('the service of the bridge on a device', () => {
  let folder: ReturnType<typeof temporaryFolder>;

  beforeEach(() => {
    folder = temporaryFolder();
    mkdirSync(join(folder.path, 'service'));
    mkdirSync(join(folder.path, 'package'));
    cpSync(join(TOP, 'service/bridge'), join(folder.path, 'package/bridge-service'), { recursive: true });
  });

  afterEach(() => {
    folder.remove();
  });

  function run(command: string, config: string, isSupervised = false): string {
    writeFileSync(join(folder.path, 'config.toml'), config);
    const script = `. ${TOP}/rc/venus.sh; . ${TOP}/rc/bridge.sh
CONFIG=${folder.path}/config.toml BRIDGE=${folder.path}/service/dbus-bms-bridge BRIDGE_HOME=${folder.path}/volatile/dbus-bms-bridge
svok() { ${isSupervised ? '[ ! -e "$1.down" ]' : 'false'}; }
svc() { echo "svc $1" >>${folder.path}/events; touch ${folder.path}/volatile/dbus-bms-bridge.down ${folder.path}/volatile/dbus-bms-bridge/log.down; }
${command}`;
    const { status, stderr } = spawnSync('sh', ['-c', script], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    return existsSync(join(folder.path, 'events')) ? readFileSync(join(folder.path, 'events'), 'utf8') : '';
  }

  const bring = `bring_bridge ${'$'}{CONFIG%/*}/package`;
  const services = (): string[] => readdirSync(join(folder.path, 'service'));

  it.each([
    ['a table of an output', '[battery]\n[bridge.mqtt]\nurl = "mqtt://x"\n'],
    ['a table with spaces', ' [ bridge . metrics ]\n'],
    ['dotted keys', 'bridge.lines.url = "http://x"\n'],
  ])('is made for %s', (_what, config) => {
    run(bring, config);
    expect(services()).toEqual(['dbus-bms-bridge']);
    const home = readlinkSync(join(folder.path, 'service/dbus-bms-bridge'));
    expect(readFileSync(join(home, 'run'), 'utf8')).toContain(
      'exec /data/apps/dbus-bms/current/dbus-bms bridge',
    );
    expect(existsSync(join(home, 'log/run'))).toBe(true);
  });

  it.each([
    ['no bridge at all', '[battery]\ncapacity = 280\n'],
    ['a site alone', '[bridge]\nsite = "home"\n'],
    ['a table that is switched off', '# [bridge.mqtt]\n'],
  ])('is not made for %s, and taken away when there was one', (_what, config) => {
    run(bring, config);
    expect(services()).toEqual([]);
    run(bring, '[bridge.mqtt]\n');
    expect(run(bring, config, true)).toBe('svc -dx\n');
    expect(services()).toEqual([]);
    expect(existsSync(join(folder.path, 'volatile/dbus-bms-bridge'))).toBe(false);
  });

  it('starts anew with another program or other settings, without being made anew', () => {
    run(bring, '[bridge.mqtt]\n');
    expect(run(bring, '[bridge.mqtt]\n[bridge.metrics]\n', true)).toBe('svc -t\n');
    expect(services()).toEqual(['dbus-bms-bridge']);
  });

  it('does not fill its log when it ends at once', () => {
    const lines = readFileSync(join(TOP, 'service/bridge/run'), 'utf8').split('\n');
    expect(lines.findIndex((line) => line.startsWith('sleep'))).toBeLessThan(
      lines.findIndex((line) => line.startsWith('exec /data')),
    );
  });
});
