import { describe, expect, it } from 'vitest';
import { parseSettings } from '../settings/file.ts';
import { narrowedBy } from './narrowed.ts';

const FILE = parseSettings(
  '[connection]\nbms = "daly"\nbaudRate = 9600\naddress = "auto"\n[ports."ttyUSB1"]\nbms = "jk"\n',
  '/data/conf/dbus-bms.toml',
);

describe('what keeps a search from trying everything', () => {
  it('is an option of the command line, as it was written', () => {
    expect(narrowedBy({ bms: 'jk', address: '3' })).toEqual(['--bms jk', '--address 3']);
    expect(narrowedBy({})).toEqual([]);
  });

  it('is a line of the settings file, that of the port before the one for all', () => {
    expect(narrowedBy({}, FILE, 'ttyUSB0')).toEqual([
      'connection.bms in line 2 of /data/conf/dbus-bms.toml',
      'connection.baudRate in line 3 of /data/conf/dbus-bms.toml',
    ]);
    expect(narrowedBy({}, FILE, '/dev/ttyUSB1')[0]).toBe(
      'connection.bms in line 6 of /data/conf/dbus-bms.toml',
    );
  });

  it('is the option where both say something', () => {
    expect(narrowedBy({ bms: 'jk' }, FILE, 'ttyUSB0')).toEqual([
      '--bms jk',
      'connection.baudRate in line 3 of /data/conf/dbus-bms.toml',
    ]);
  });

  it('is nothing in a file that leaves all to the search', () => {
    expect(narrowedBy({}, parseSettings('[connection]\nbms = "auto"\n', 'x.toml'), 'ttyUSB0')).toEqual([]);
  });
});
