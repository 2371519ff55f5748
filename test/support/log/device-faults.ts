import { type LogFault, NOTHING } from './fault.ts';

/** Faults of the device on which the driver runs. */
export const DEVICE_FAULTS: readonly LogFault[] = [
  {
    name: 'the disk is full',
    begin: (site) => site.fillDisk('ttyUSB0', true),
    end: (site) => site.fillDisk('ttyUSB0', false),
    begins: [/cannot remember the state of this port/],
    ends: [/the state of this port is remembered again/],
  },
  {
    name: 'the calendar is set back and forward',
    begin: (site) => site.clock.setWall(Date.UTC(2000, 0, 1)),
    end: (site) => site.clock.setWall(Date.UTC(2036, 0, 1)),
    ...NOTHING,
  },
  {
    name: 'the settings service of the device starts 30 s after the driver',
    around: {
      outside: [
        { at: 0, do: 'leave' },
        { at: 30, do: 'join' },
      ],
    },
    begins: [/settings is not on the bus; the battery waits for it/],
    ends: [/settings answers after \d+ s/, /is on the bus as device instance 1/],
  },
  {
    name: 'the settings service of the device is gone for 5 min',
    around: {
      outside: [
        { at: 300, do: 'leave' },
        { at: 600, do: 'join' },
      ],
    },
    ...NOTHING,
  },
  {
    name: 'the bus daemon ends',
    around: { outside: [{ at: 300, do: 'drop' }] },
    begins: [/^error dbus: BUS: the D-Bus daemon/],
    ends: [],
  },
  {
    name: 'another program holds the port',
    around: { outside: [], opened: 'busy' },
    begins: [/^error port: PORT_BUSY: ttyUSB0 is in use/],
    ends: [],
  },
  {
    name: 'the driver is told to stop',
    around: { outside: [{ at: 300, do: 'stop' }] },
    begins: [/^info start: stopped/],
    ends: [],
  },
];
