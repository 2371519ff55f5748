import { describe, expect, it } from 'vitest';
import { connectBus } from '../../dbus/client.ts';
import { MissingProgramError } from '../../errors.ts';
import { startPrivateBus } from './private-bus.ts';

describe('a private bus', () => {
  it('takes connections until it is stopped', async () => {
    const daemon = await startPrivateBus();
    const bus = await connectBus({ address: daemon.address });
    await bus.requestName('com.victronenergy.system');
    bus.disconnect();
    await daemon.stop();
    await expect(connectBus({ address: daemon.address })).rejects.toThrow(/no connection to D-Bus/);
  });

  it('names the package to install when the daemon is missing', async () => {
    const starting = startPrivateBus('dbus-daemon-that-is-not-there');
    await expect(starting).rejects.toThrow(MissingProgramError);
    await expect(starting).rejects.toThrow(/sudo apt-get install dbus/);
  });
});
