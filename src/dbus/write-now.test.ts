import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeNow } from './write-now.ts';

let folder: string;
let server: Server;
let near: Socket;
let far: Socket;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dbus-bms-write-'));
  server = createServer().listen(join(folder, 'socket'));
  await once(server, 'listening');
  near = connect(join(folder, 'socket'));
  [[far]] = (await Promise.all([once(server, 'connection'), once(near, 'connect')])) as [[Socket], unknown];
});

afterEach(() => {
  near.destroy();
  far.destroy();
  server.close();
  rmSync(folder, { recursive: true });
});

/** The next `count` bytes that arrive. */
async function arriving(count: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of far.iterator({ destroyOnReturn: false })) {
    pieces.push(piece);
    length += piece.length;
    if (length >= count) break;
  }
  return Buffer.concat(pieces);
}

/** Bytes that tell their place. */
function numbered(count: number): Buffer {
  const bytes = Buffer.alloc(count);
  for (let at = 0; at + 4 <= count; at += 4) bytes.writeUInt32LE(at, at);
  return bytes;
}

describe('bytes for a socket', () => {
  it('arrive, and nothing of them waits in the stream', async () => {
    writeNow(near, Buffer.from('hello'));
    expect(near.writableLength).toBe(0);
    expect((await arriving(5)).toString()).toBe('hello');
  });

  it('arrive in order and complete when the peer does not read for a while', async () => {
    far.pause();
    const bytes = numbered(4_000_000);
    for (let at = 0; at < bytes.length; at += 100_000) writeNow(near, bytes.subarray(at, at + 100_000));
    expect(near.writableLength).toBeGreaterThan(0);
    expect((await arriving(bytes.length)).equals(bytes)).toBe(true);
  });

  it('end in an error of the stream when the peer is gone, never in an exception', async () => {
    const errors: Error[] = [];
    near.on('error', (error) => errors.push(error));
    const closed = new Promise((resolve) => near.once('close', resolve));
    far.destroy();
    expect(() => {
      for (let piece = 0; piece < 50; piece += 1) writeNow(near, Buffer.alloc(100_000));
    }).not.toThrow();
    await closed;
    expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining('EPIPE')]);
  });

  it('go through a stream that is no socket as well', () => {
    const stream = new PassThrough();
    writeNow(stream, Buffer.from('hello'));
    expect(stream.read().toString()).toBe('hello');
  });
});
