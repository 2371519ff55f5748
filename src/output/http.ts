import { type Agent, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** A request to a receiver. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export interface HttpAnswer {
  readonly status: number;
  /** The beginning of it, for its first error. */
  readonly body: string;
  /** s that the receiver wants to be left alone. */
  readonly retryAfter?: number;
}

/** Rejects with an Error of one line when there is no answer in time. */
export type AskHttp = (request: HttpRequest) => Promise<HttpAnswer>;

const TIMEOUT_MS = 15_000;
const LONGEST_BODY = 4096;

/** What the system says of a connection, in an owner's words. */
const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'it broke the connection off',
  EPIPE: 'it broke the connection off',
  ENOTFOUND: 'there is no such host name',
  EAI_AGAIN: 'there is no such host name',
  EHOSTUNREACH: 'the network has no way to it',
  ENETUNREACH: 'the network has no way to it',
  ETIMEDOUT: 'it does not answer',
};

/** Requests over one connection that is kept open, one at a time. Redirects are not followed: they are a wrong address. */
export function httpClient(): { readonly ask: AskHttp; close(): void } {
  const agents = new Map<string, Agent>();
  const agentOf = (protocol: string): Agent => {
    const options = { keepAlive: true, maxSockets: 1 };
    const agent =
      agents.get(protocol) ?? (protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options));
    agents.set(protocol, agent);
    return agent;
  };
  return {
    ask: (request) => answerTo(request, agentOf(request.url.protocol)),
    close() {
      for (const agent of agents.values()) agent.destroy();
    },
  };
}

function answerTo({ body, headers, method, url }: HttpRequest, agent: Agent): Promise<HttpAnswer> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(body.length) };
    const sent = send(url, { method, agent, headers: { ...headers, ...length } }, (answer) => {
      collect(answer).then(resolve, reject);
    });
    // From the first byte to the last: a receiver that trickles is as good as silent.
    const deadline = setTimeout(() => sent.destroy(new Error('it does not answer')), TIMEOUT_MS);
    sent.on('close', () => clearTimeout(deadline));
    sent.on('error', (error: NodeJS.ErrnoException) => reject(new Error(wordsOf(error))));
    sent.end(body);
  });
}

async function collect(answer: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let kept = 0;
  // Read to its end, so that the connection can be used again; only its beginning is kept.
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    if (kept < LONGEST_BODY) chunks.push(chunk.subarray(0, LONGEST_BODY - kept));
    kept += chunk.length;
  }
  const retryAfter = Number(answer.headers['retry-after']);
  return {
    status: answer.statusCode ?? 0,
    body: Buffer.concat(chunks).toString('utf8'),
    ...(retryAfter > 0 && { retryAfter }),
  };
}

function wordsOf({ code, message }: NodeJS.ErrnoException): string {
  if (code !== undefined && Object.hasOwn(WORDS, code)) return WORDS[code] ?? code;
  if (code !== undefined && /CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL/.test(code)) {
    return `its certificate is not accepted (${code})`;
  }
  return code?.startsWith('HPE_')
    ? 'what came is no HTTP'
    : message.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 120);
}

/** `user:password` as a header says it. */
export function basicAuth(user: string, password = ''): Readonly<Record<string, string>> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}
