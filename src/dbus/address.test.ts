import { describe, expect, it } from 'vitest';
import { BusError } from '../errors.ts';
import { busAddress, plainSocketAddress } from './address.ts';

describe('the bus address', () => {
  it('is the session bus where one is named, else the system bus', () => {
    const system = { DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/b' };
    expect(busAddress({ ...system, DBUS_SESSION_BUS_ADDRESS: 'unix:path=/a' })).toBe('unix:path=/a');
    expect(busAddress({ ...system, DBUS_SESSION_BUS_ADDRESS: '' })).toBe('unix:path=/b');
    expect(busAddress({})).toBe('unix:path=/var/run/dbus/system_bus_socket');
  });

  it.each([
    ['unix:path=/run/bus', 'unix:socket=/run/bus'],
    ['unix:path=/run/bus,guid=0123abcd', 'unix:socket=/run/bus'],
    ['unix:guid=0123abcd,path=/run/bus', 'unix:socket=/run/bus'],
    ['unix:path=/run/a%20b', 'unix:socket=/run/a b'],
    ['unix:socket=/run/bus', 'unix:socket=/run/bus'],
    ['unix:abstract=/tmp/x,guid=1', 'unix:socket=\0/tmp/x'],
    ['tcp:host=venus,port=78', 'tcp:host=venus,port=78'],
    ['unix:path=/a;tcp:host=b,port=1', 'unix:socket=/a;tcp:host=b,port=1'],
  ])('%s is connected to as %j', (address, plain) => {
    expect(plainSocketAddress(address)).toBe(plain);
  });

  it.each(['/run/bus', 'unix:guid=1'])('%s is refused with a BusError', (address) => {
    expect(() => plainSocketAddress(address)).toThrow(BusError);
  });
});
