import { describe, expect, it } from 'vitest';
import { jbd } from '../bms/jbd/index.ts';
import { jkPb } from '../bms/jk/pb/index.ts';
import { kindOf } from '../transport/port-kinds.ts';
import { parsePort } from '../transport/port-url.ts';
import { bankKeys, batteryKey, batteryKeys, packMarks, productName } from './identity.ts';

describe('the key of a battery', () => {
  const hardware = 'usb-FTDI_FT232R_A50285BI-if00-port0';

  it.each([
    [
      'its serial number',
      { driver: jkPb, address: 2, reading: { serialNumber: '2042-1024' } },
      'jk_2042_1024',
    ],
    [
      'adapter and address',
      { driver: jkPb, address: 2, reading: {} },
      'jk_usb_FTDI_FT232R_A50285BI_if00_port0_2',
    ],
    [
      'the adapter where there are no addresses',
      { driver: jbd, address: 1, reading: {} },
      'jbd_usb_FTDI_FT232R_A50285BI_if00_port0',
    ],
    [
      'what the owner chose, before all',
      { driver: jbd, address: 1, reading: { serialNumber: '1' }, batteryId: 'shed/left' },
      'shed_left',
    ],
  ])('is %s', (_, sources, key) => {
    expect(batteryKey({ ...sources, hardware })).toBe(key);
  });

  it('differs for two packs of one line without serial numbers', () => {
    const [one, two] = [1, 2].map((address) => batteryKey({ driver: jkPb, address, reading: {}, hardware }));
    expect(one).not.toBe(two);
  });

  it('is the address of a serial-to-IP bridge, and the name of a port about which nothing more is known', () => {
    const hardwareOf = (text: string): string => {
      const port = parsePort(text);
      return kindOf(port).hardware(port);
    };
    expect(hardwareOf('tcp://10.0.0.5:23')).toContain('10.0.0.5');
    expect(hardwareOf('/dev/null')).toBe('null');
  });
});

describe('the keys of a battery', () => {
  const hardware = 'usb1';
  const sources = { driver: jkPb, address: 2, hardware };
  const told = { ...sources, reading: { serialNumber: 'S1' } };

  it('begin with the one that it always had', () => {
    expect(batteryKeys(told, { known: 'jk_usb1_2' })).toEqual([{ key: batteryKey({ ...told }) }]);
    expect(batteryKeys({ ...sources, reading: {} })).toEqual([{ key: 'jk_usb1_2' }]);
  });

  it('are what the owner chose and nothing else', () => {
    expect(batteryKeys({ ...told, batteryId: 'shed' }, { known: 'jk_S1' })).toEqual([{ key: 'shed' }]);
  });

  it('begin with that of the port when the serial number was not told this time', () => {
    expect(batteryKeys({ ...sources, reading: {} }, { known: 'jk_S1__2' })).toEqual([
      { key: 'jk_S1', onlyIf: 'here' },
      { key: 'jk_usb1_2' },
    ]);
  });

  it('do not hold a serial number that is another at every read', () => {
    expect(batteryKeys(told, { isSerialDoubtful: true })).toEqual([{ key: 'jk_usb1_2' }]);
  });

  it('end with the model, by which a board was known that has it where others have their number', () => {
    expect(batteryKeys({ ...sources, reading: { model: 'M', serialNumber: 'S1' } })).toEqual([
      { key: 'jk_S1' },
      { key: 'jk_M', onlyIf: 'fitting' },
    ]);
  });
});

describe('the keys of a bank', () => {
  const packs = ['S1', 'S2'].map((serialNumber) => ({
    driver: jkPb,
    address: 1,
    hardware: 'usb1',
    reading: { serialNumber },
  }));

  it('are the one that its port had, whichever pack answers first', () => {
    expect(bankKeys(packs, 'jk_S2')).toEqual([{ key: 'jk_S2' }]);
    expect(bankKeys(packs, 'jk_S2__2')).toEqual([{ key: 'jk_S2' }]);
  });

  it('are first those of its packs when the port had another bank before', () => {
    expect(bankKeys(packs, 'jk_S9')).toEqual([
      { key: 'jk_S1', onlyIf: 'fitting' },
      { key: 'jk_S2', onlyIf: 'fitting' },
      { key: 'jk_S9' },
    ]);
  });

  it('begin with that of the first pack when it is new', () => {
    expect(bankKeys(packs, undefined)).toEqual([{ key: 'jk_S1' }, { key: 'jk_S2', onlyIf: 'fitting' }]);
  });
});

describe('productName', () => {
  it('has the word that aggregators look for, and one name of the BMS', () => {
    expect(productName(jbd)).toBe('SerialBattery(JBD)');
  });
});

describe('what another driver may have known a pack by', () => {
  it('is its serial number, version, capacities, and its port', () => {
    const facts = { serialNumber: 'A1', hardwareVersion: '2.5', capacityFull: 98.5, capacityDesign: 100 };
    expect(packMarks({ facts, address: 1, port: 'ttyUSB0', isOneOfMany: false })).toEqual({
      serialNumber: 'A1',
      versions: ['2.5'],
      capacities: [98.5, 100],
      ports: ['ttyUSB0', 'ttyUSB0__0x01'],
      isOneOfMany: false,
    });
  });

  it('is port and address for one of several packs', () => {
    expect(packMarks({ facts: {}, address: 18, port: 'ttyUSB0', isOneOfMany: true })).toEqual({
      versions: [],
      capacities: [],
      ports: ['ttyUSB0__0x12'],
      isOneOfMany: true,
    });
  });
});
