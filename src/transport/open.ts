import type { LineSettings } from './exchange.ts';
import { kindOf } from './port-kinds.ts';
import type { PortUrl } from './port-url.ts';
import type { Wire } from './wire.ts';

/** Opens a port of any kind. Rejects with PortMissingError or PortBusyError. Only the kind that is needed is loaded. */
export function openWire(port: PortUrl, line: LineSettings): Promise<Wire> {
  return kindOf(port).open(port, line);
}
