import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { crashLine, createLog, LOG_LEVELS } from './log.ts';

describe('the log', () => {
  const written: string[] = [];
  // Where winston's console transport writes; the runner of the tests puts a stream of its own there.
  const { _stdout: out } = console as unknown as { readonly _stdout: NodeJS.WriteStream };
  const write = vi.spyOn(out, 'write').mockImplementation((text) => {
    written.push(String(text));
    return true;
  });
  afterAll(() => write.mockRestore());
  afterEach(() => void written.splice(0));

  it.each(LOG_LEVELS)('takes secrets out of a line of level %s', (level) => {
    createLog('debug').scope('mqtt')[level]('cannot reach mqtt://me:hunter2@broker,\n  password = "hunter2"');
    expect(written).toEqual([`${level} mqtt: cannot reach mqtt://me:***@broker, | password = ***\n`]);
  });

  it('writes one line an event, and none below its level', () => {
    const log = createLog('warn').scope('jbd');
    log.info('nobody reads this');
    log.warn('no reply\r\nto 0x03');
    expect(written).toEqual(['warn jbd: no reply | to 0x03\n']);
  });

  it('tells a crash in one line without secrets', () => {
    const error = new Error('token=abc123 refused by A4:C1:38:12:34:56');
    expect(crashLine(error)).toMatch(/^error bug: Error: token=\*\*\* refused by A4:C1:38:\*\*\* \| at /);
    expect(crashLine(error)).not.toContain('\n');
    expect(crashLine('pin: 1234')).toBe('error bug: pin: ***');
  });
});
