import { connectBus, variant } from '../../src/dbus/client.ts';
import { answerCalls } from './helper.ts';

const methods = {
  /** Takes `name` and answers every call at once with a number, as a service that has nothing else to do. */
  async serve(address: string, name: string): Promise<void> {
    const bus = await connectBus({ address });
    bus.serve(() => ({ signature: 'v', body: [variant('d', 1)] }));
    await bus.requestName(name);
  },
};

export type IdleMethods = typeof methods;

answerCalls(methods);
