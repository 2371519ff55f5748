import type { Answer, Bus, MethodCall } from '../dbus/bus.ts';

/** Interface of what this driver tells beside the items, on the root of each battery service. */
export const DIAGNOSIS = 'com.victronenergy.dbusbms.Diagnosis';
const MEMBER = 'RecentExchanges';

/** Answers a call that asks for the last minute on the wire; undefined for every other call. */
export function answerDiagnosis(
  { interface: iface, member, path }: MethodCall,
  recent: (() => string) | undefined,
): Answer | undefined {
  if (recent === undefined || path !== '/' || iface !== DIAGNOSIS || member !== MEMBER) return undefined;
  return { signature: 's', body: [recent()] };
}

/** The last minute on the wire of a running battery service, as the text of a capture. Rejects with a CallError where the service tells none. */
export async function recentExchanges(bus: Bus, service: string): Promise<string> {
  const [text] = await bus.call({ destination: service, path: '/', interface: DIAGNOSIS, member: MEMBER });
  return typeof text === 'string' ? text : '';
}
