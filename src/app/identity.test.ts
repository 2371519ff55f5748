import { describe, expect, it } from 'vitest';
import { jbd } from '../bms/jbd/index.ts';
import { jkPb } from '../bms/jk-pb/index.ts';
import { parsePort } from '../transport/port-url.ts';
import { batteryKey, hardwareOf, packMarks, productName } from './identity.ts';

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
    expect(hardwareOf(parsePort('tcp://10.0.0.5:23'))).toContain('10.0.0.5');
    expect(hardwareOf(parsePort('/dev/null'))).toBe('null');
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
