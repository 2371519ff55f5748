import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Log } from '../../log.ts';
import { Condition } from '../condition.ts';
import type { BridgeOutput, OutputFigures, Snapshot } from '../output.ts';
import { exposition } from './exposition.ts';

export interface MetricsOptions {
  readonly address: string;
  readonly port: number;
  /** Labels of every metric: the site. */
  readonly tags: Readonly<Record<string, string>>;
}

export interface MetricsParts {
  readonly snapshot: Snapshot;
  readonly log: Log;
  /** Calendar time, ms. */
  readonly wall: () => number;
  /** All outputs, itself among them. */
  readonly outputs: () => readonly BridgeOutput[];
}

/** Connections that may wait at once; a scraper needs one. */
const MOST_CONNECTIONS = 16;
const PATIENCE_MS = 10_000;

/** `GET /metrics` for Prometheus and everything that reads its text format. There is no other path and no way to write. */
export class MetricsOutput implements BridgeOutput {
  readonly name = 'metrics';
  readonly #options: MetricsOptions;
  readonly #parts: MetricsParts;
  readonly #condition: Condition;
  readonly #server: Server;
  #errors = 0;
  #lastSuccess: number | undefined;

  constructor(options: MetricsOptions, parts: MetricsParts) {
    this.#options = options;
    this.#parts = parts;
    this.#condition = new Condition(parts.log);
    const patience = {
      requestTimeout: PATIENCE_MS,
      headersTimeout: PATIENCE_MS,
      keepAliveTimeout: PATIENCE_MS,
    };
    this.#server = createServer(patience, (request, answer) => this.#answer(request, answer));
    this.#server.maxConnections = MOST_CONNECTIONS;
    this.#server.on('error', (error: NodeJS.ErrnoException) => {
      this.#errors += 1;
      this.#condition.bad(`${this.#where}: ${WORDS[error.code ?? ''] ?? error.code ?? 'it cannot listen'}`);
    });
  }

  get figures(): OutputFigures {
    return {
      errors: this.#errors,
      dropped: 0,
      ...(this.#lastSuccess !== undefined && { lastSuccess: this.#lastSuccess }),
      ...(this.#condition.fault !== undefined && { fault: this.#condition.fault }),
    };
  }

  /** The port that it listens on, once it does. */
  get port(): number | undefined {
    const address = this.#server.address();
    return address === null || typeof address === 'string' ? undefined : address.port;
  }

  start(): void {
    const { address, port } = this.#options;
    this.#server.listen({ host: address, port }, () => this.#condition.good(`${this.#where} is served`));
  }

  hurry(): void {
    // Whoever scrapes comes when it likes.
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.closeAllConnections();
      if (this.#server.listening) this.#server.close(() => resolve());
      else resolve();
    });
  }

  get #where(): string {
    return `http://${this.#options.address}:${this.#options.port}/metrics`;
  }

  #answer({ method, url }: IncomingMessage, answer: ServerResponse): void {
    const isRead = method === 'GET' || method === 'HEAD';
    const isMetrics = url?.split('?')[0] === '/metrics';
    if (!isRead || !isMetrics) {
      answer.writeHead(isMetrics ? 405 : 404, { 'content-type': 'text/plain' }).end('There is /metrics.\n');
      return;
    }
    const { outputs, snapshot, wall } = this.#parts;
    const page = exposition(snapshot.batteries, outputs(), this.#options.tags);
    this.#lastSuccess = wall() / 1000;
    answer.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(page);
  }
}

const WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program listens there already',
  EADDRNOTAVAIL: 'this machine does not have that address',
  EACCES: 'this user may not listen there',
};
