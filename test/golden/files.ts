import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type Conversation, parseConversation, printConversation } from './conversation.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const PARTS = ['conversation', 'transcript'] as const;

export interface Recording {
  readonly conversation: Conversation;
  readonly transcript: string;
}

/** Names of all recordings that are stored, "jbd/single". */
export function storedNames(): readonly string[] {
  return readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.transcript.gz'))
    .map((file) => file.replace('.transcript.gz', ''))
    .sort();
}

export function read(name: string): Recording {
  const [conversation, transcript] = PARTS.map((part) => textOf(fileOf(name, part)));
  return { conversation: parseConversation(conversation ?? ''), transcript: transcript ?? '' };
}

/**
 * Writes what differs; returns whether anything did. The same text packs into other bytes with another release of zlib, so
 * files whose text stays are left alone.
 */
export function write(name: string, { conversation, transcript }: Recording): boolean {
  const texts = { conversation: printConversation(conversation), transcript };
  const changed = PARTS.filter((part) => {
    const file = fileOf(name, part);
    return !existsSync(file) || textOf(file) !== texts[part];
  });
  for (const part of changed) {
    mkdirSync(dirname(fileOf(name, part)), { recursive: true });
    writeFileSync(fileOf(name, part), gzipSync(texts[part], { level: 9 }));
  }
  return changed.length > 0;
}

export function remove(name: string): void {
  for (const part of PARTS) rmSync(fileOf(name, part), { force: true });
}

/** Bytes of all recordings together. */
export function storedBytes(): number {
  return storedNames().reduce(
    (sum, name) => sum + PARTS.reduce((both, part) => both + readFileSync(fileOf(name, part)).length, 0),
    0,
  );
}

function fileOf(name: string, part: (typeof PARTS)[number]): string {
  return join(FOLDER, `${name}.${part}.gz`);
}

function textOf(file: string): string {
  return gunzipSync(readFileSync(file)).toString('utf8');
}
