import type { LineSettings } from './exchange.ts';
import type { PortUrl } from './port-url.ts';
import type { Wire } from './wire.ts';

/** Opens a port of any kind. Rejects with PortMissingError or PortBusyError. Only the kind that is needed is loaded. */
export async function openWire(port: PortUrl, line: LineSettings): Promise<Wire> {
  switch (port.kind) {
    case 'serial': {
      const { openSerial } = await import('./serial/serial.ts');
      return openSerial(port.path, line);
    }
    case 'tcp': {
      const { openTcp } = await import('./tcp/tcp.ts');
      return openTcp(port.host, port.port);
    }
  }
}
