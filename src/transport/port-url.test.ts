import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../errors.ts';
import { type PortUrl, parsePort, portName, serviceSuffix } from './port-url.ts';

describe('a port as people write it', () => {
  it.each<[string, PortUrl, string]>([
    ['/dev/ttyUSB0', { kind: 'serial', path: '/dev/ttyUSB0' }, 'ttyUSB0'],
    ['ttyUSB0', { kind: 'serial', path: '/dev/ttyUSB0' }, 'ttyUSB0'],
    ['ttyACM12', { kind: 'serial', path: '/dev/ttyACM12' }, 'ttyACM12'],
    ['/tmp/x/bms-pty', { kind: 'serial', path: '/tmp/x/bms-pty' }, 'bms_pty'],
    ['/dev/pts/3', { kind: 'serial', path: '/dev/pts/3' }, '_3'],
    ['tcp://10.0.0.5:23', { kind: 'tcp', host: '10.0.0.5', port: 23 }, 'tcp_10_0_0_5_23'],
    ['TCP://usr-n540.lan:8899/', { kind: 'tcp', host: 'usr-n540.lan', port: 8899 }, 'tcp_usr_n540_lan_8899'],
    ['ble:c8:47:80:11:22:33', { kind: 'ble', address: 'C8:47:80:11:22:33' }, 'ble_c84780112233'],
    ['BLE:Garage 1', { kind: 'ble', name: 'Garage 1' }, 'ble_Garage_1'],
    ['tcp://[fe80::1]:23', { kind: 'tcp', host: 'fe80::1', port: 23 }, 'tcp_fe80__1_23'],
  ])('%s is understood and named on D-Bus', (text, port, suffix) => {
    expect(parsePort(text)).toEqual(port);
    expect(parsePort(portName(port))).toEqual(port);
    expect(serviceSuffix(port)).toBe(suffix);
  });

  it.each([
    ['', 'is not a port'],
    ['/', 'is not a port'],
    ['/dev/', 'is not a port'],
    ['USB0', 'is not a port'],
    ['COM3', 'is not a port'],
    ['dev/ttyUSB0', 'is not a port'],
    ['http://10.0.0.5', 'no kind of port that is supported'],
    ['ble:', 'names no Bluetooth device'],
    ['ble:a\u0007b', 'names no Bluetooth device'],
    ['ble:C8:47:80:11:22', 'is no Bluetooth address'],
    ['ble:C8-47-80-11-22-33', 'is no Bluetooth address'],
    ['ble:c84780112233', 'is no Bluetooth address'],
    ['tcp:10.0.0.5', 'is not a network address'],
    ['tcp://', 'is not a network address'],
    ['tcp://a b:23', 'is not a network address'],
    ['tcp://10.0.0.5', 'write for example tcp://10.0.0.5:23'],
    ['tcp://[::1]', 'write for example tcp://[::1]:23'],
    ['tcp://10.0.0.5:0', 'not within 1 to 65535'],
    ['tcp://10.0.0.5:70000', 'not within 1 to 65535'],
  ])('%j is refused with words that help', (text, words) => {
    expect(() => parsePort(text)).toThrow(UsageError);
    expect(() => parsePort(text)).toThrow(words);
  });

  it('that is none lists every form', () => {
    expect(() => parsePort('COM3')).toThrow(
      '"COM3" is not a port; write /dev/ttyUSB0, ttyUSB0, ble:C8:47:80:11:22:33, or tcp://10.0.0.5:23',
    );
  });

  it('always makes an element that D-Bus takes', () => {
    const text = fc.oneof(
      fc.string(),
      fc.string().map((rest) => `/${rest}`),
      fc.string().map((rest) => `tcp://${rest}:23`),
      fc.string().map((rest) => `ble:${rest}`),
    );
    fc.assert(
      fc.property(text, (written) => {
        try {
          expect(serviceSuffix(parsePort(written))).toMatch(/^[A-Za-z_][A-Za-z0-9_]*$/);
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
      { numRuns: 500 * Number(process.env['FUZZ_FACTOR'] ?? 1) },
    );
  });
});
