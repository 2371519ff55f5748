import type { ServerResponse } from 'node:http';

/** A client that has so much unread is cut off; it comes back by itself and gets what is true then. */
const MOST_UNSENT = 64 * 1024;

/** The pages that are open. */
export class EventStream {
  readonly #clients = new Set<ServerResponse>();
  /** Clients that were cut off because they did not read. */
  cutOff = 0;

  get size(): number {
    return this.#clients.size;
  }

  /** Takes over an answer and begins it with an event. */
  add(response: ServerResponse, event: string, data: unknown): void {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(`retry: 3000\n\n${textOf(event, data)}`);
    this.#clients.add(response);
    response.once('close', () => this.#clients.delete(response));
  }

  send(event: string, data: unknown): void {
    if (this.#clients.size === 0) return;
    const text = textOf(event, data);
    for (const client of this.#clients) {
      if (client.writableLength > MOST_UNSENT) {
        this.#clients.delete(client);
        this.cutOff += 1;
        client.destroy();
      } else client.write(text);
    }
  }

  close(): void {
    for (const client of this.#clients) client.end();
    this.#clients.clear();
  }
}

function textOf(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
