import { connect, type ErrorWithReasonCode, type IClientOptions } from 'mqtt';
import type { Link, LinkEvents, LinkOptions } from './link.ts';

/** The broker takes us for lost after one and a half of it, s. */
const KEEPALIVE_S = 30;
const CONNECT_MS = 10_000;
/** So many messages of QoS 1 may wait for their answer; a broker that answers none of them is slow. */
const MOST_WAITING = 64;

/** Why a broker refuses, in MQTT 3.1.1 and 5, in an owner's words. */
const REFUSALS: Readonly<Record<number, string>> = {
  1: 'it does not speak MQTT 3.1.1',
  2: 'it does not take this client id',
  3: 'it is not ready',
  4: 'user or password is wrong',
  5: 'this user may not connect, or user and password are wrong',
  134: 'user or password is wrong',
  135: 'this user may not connect, or user and password are wrong',
};

/** Opens one connection with the library, which neither reconnects nor keeps anything for later. */
export function openLink(options: LinkOptions, { onEnd, onMessage, onOpen }: LinkEvents): void {
  const { ca, clientId, password, url, user, will } = options;
  const settings: IClientOptions = {
    clientId,
    protocolVersion: 4,
    clean: true,
    keepalive: KEEPALIVE_S,
    connectTimeout: CONNECT_MS,
    reconnectPeriod: 0,
    queueQoSZero: false,
    resubscribe: false,
    // The cache of numbers of the library costs 15 MiB and saves nothing at our pace.
    writeCache: false,
    ...(user !== undefined && { username: user }),
    ...(password !== undefined && { password }),
    ...(ca !== undefined && { ca }),
    ...(will !== undefined && {
      will: { ...will, payload: Buffer.from(will.payload), qos: 1, retain: true },
    }),
  };
  const client = connect(url, settings);
  let reason = 'the broker closed the connection';
  let hasEnded = false;
  let waiting = 0;
  const end = (): void => {
    if (hasEnded) return;
    hasEnded = true;
    client.end(true);
    onEnd(reason);
  };
  const link: Link = {
    get isReady() {
      return !hasEnded && client.connected && waiting < MOST_WAITING && !client.stream.writableNeedDrain;
    },
    publish(topic, payload, { qos, retain }) {
      if (hasEnded) return Promise.resolve();
      waiting += qos;
      return new Promise((resolve) => {
        // A message that failed failed with its connection, and the end of that is told.
        client.publish(topic, payload, { qos, retain }, () => {
          waiting -= qos;
          resolve();
        });
      });
    },
    subscribe(topics) {
      // A broker that refuses a subscription says nothing later; nothing of ours depends on it but commands.
      if (topics.length > 0 && !hasEnded) client.subscribe([...topics], { qos: 1 }, () => {});
    },
    end() {
      hasEnded = true;
      // Where the broker owes answers, the connection is cut: it says for us then what our will is.
      return new Promise((resolve) => client.end(waiting > 0, () => resolve()));
    },
  };
  client.on('connect', () => onOpen(link));
  client.on('message', (topic, payload, { retain }) => {
    if (!hasEnded) onMessage({ topic, payload, isRetained: retain });
  });
  client.on('error', (error) => {
    reason = reasonOf(error);
    // What the broker refused or what is no MQTT is over, whether or not the library closes the connection.
    end();
  });
  client.on('close', end);
}

function reasonOf(error: Error | ErrorWithReasonCode): string {
  const code = 'code' in error ? error.code : undefined;
  if (typeof code === 'number') return REFUSALS[code] ?? `it refuses with code ${code}`;
  if (code === 'ECONNREFUSED') return 'nothing listens there';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'there is no such host name';
  if (code === 'ETIMEDOUT' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH')
    return 'the network has no way to it';
  if (typeof code === 'string' && /CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS/.test(code)) {
    return `its certificate is not accepted (${code}); a certificate of one's own needs the setting ca`;
  }
  if (/connack timeout|keepalive/i.test(error.message)) return 'it does not answer';
  return /^[\x20-\x7e]{1,120}$/.test(error.message)
    ? `what came is no MQTT (${error.message})`
    : 'what came is no MQTT';
}
