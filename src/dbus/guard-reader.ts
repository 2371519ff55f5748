import type { Duplex } from 'node:stream';

/**
 * Keeps a message that the library cannot read from ending the process. The library parses inside its `readable`
 * listener, where an exception is nobody's (a file-descriptor argument without a descriptor is enough, and any client may
 * send one). It has taken such a message off the stream when it throws, so reading simply goes on with the next.
 */
export function guardReader(stream: Duplex): void {
  const listeners = stream.listeners('readable');
  stream.removeAllListeners('readable');
  stream.on('readable', () => {
    for (const listener of listeners) readOn(stream, listener);
  });
}

function readOn(stream: Duplex, listener: { call(self: unknown): unknown }): void {
  for (;;) {
    const before = stream.readableLength;
    try {
      listener.call(stream);
      return;
    } catch {
      // The unreadable message is gone: its sender gets no answer, and everybody else does.
      if (stream.readableLength >= before) return;
    }
  }
}
