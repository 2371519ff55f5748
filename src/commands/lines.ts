import type { Io } from './command.ts';

/** Lines of stdin as they come; ends also when the program is asked to. Whoever types them is told what is waited for. */
export async function* linesUntilAborted(
  io: Pick<Io, 'err' | 'lines' | 'signal' | 'isTyped'>,
  waitsFor: string,
): AsyncIterable<string> {
  if (io.isTyped) io.err(`waiting for ${waitsFor}; Ctrl-D ends the input, Ctrl-C gives up\n`);
  const source = io.lines()[Symbol.asyncIterator]();
  while (!io.signal.aborted) {
    const next = await nextOrAbort(source, io.signal);
    if (next.done === true) return;
    yield next.value;
  }
}

function nextOrAbort(source: AsyncIterator<string>, signal: AbortSignal): Promise<IteratorResult<string>> {
  return new Promise((resolve, reject) => {
    const end = (): void => resolve({ done: true, value: undefined });
    signal.addEventListener('abort', end, { once: true });
    source
      .next()
      .then(resolve, reject)
      // A day has many lines: none of them may leave a listener behind.
      .finally(() => signal.removeEventListener('abort', end));
  });
}
