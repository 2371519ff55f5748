import { describe, expect, it } from 'vitest';
import { batteryFor } from '../../test/support/batteries.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { vectorOf } from '../../tools/capture-to-vector.ts';
import type { BmsEntry } from '../bms/driver.ts';
import { BMSES } from '../bms/index.ts';
import { BmsError, hex, TimeoutError, UsageError } from '../errors.ts';
import type { PackReading } from '../model/reading.ts';
import { captureLine } from '../transport/capture.ts';
import { HalfDuplex } from '../transport/half-duplex.ts';
import { MemoryWire } from '../transport/memory.ts';
import { parseCapture, ReplayLink } from '../transport/replay.ts';
import { replay } from './replay.ts';

const DRIVERS = BMSES.map(({ driver }) => driver);
const POLLS = 4;
/** Polls of `record` whose first answer is damaged, or never comes. */
const DAMAGED = 2;

interface Recorded {
  readonly text: string;
  readonly readings: readonly PackReading[];
}

/** A battery that is probed and polled while its exchanges are taken down. */
async function record(
  entry: BmsEntry,
  trouble: (request: Uint8Array, poll: number) => boolean = () => false,
): Promise<Recorded> {
  const { driver } = entry;
  const responder = await entry.responder();
  const clock = new ManualClock();
  let text = '{"capture":"dbus-bms 0.0.0","began":"2026-01-01T00:00:00.000Z"}\n';
  let poll = -1;
  const wire = new MemoryWire(
    (request) => {
      if (responder.accept(request) !== request.length) return undefined;
      const bytes = responder.reply(request, { ...batteryFor(driver), soc: 50 + Math.max(0, poll) })?.bytes;
      if (bytes === undefined || !trouble(request, poll)) return bytes;
      return bytes.map((byte, index) => (index === bytes.length - 4 ? byte ^ 1 : byte));
    },
    { clock },
  );
  const link = new HalfDuplex(wire, {
    line: { baudRate: 9600 },
    clock,
    onExchange(done) {
      text += captureLine(done, 0);
    },
  });
  const address = driver.reach.serial.addresses[0] ?? 0;
  const session = driver.open(link, address);
  const readings = [await clock.until(session.probe())];
  for (poll = 0; poll < POLLS; poll += 1) {
    await clock.advance(1000);
    const reading = await clock.until(
      session.read().catch((error: unknown) => {
        if (error instanceof BmsError) return undefined;
        throw error;
      }),
    );
    if (reading === undefined) continue;
    readings.push(reading);
  }
  return { text, readings };
}

describe.each(BMSES.map((entry) => [entry.driver.id, entry] as const))('a capture of %s', (id, entry) => {
  it('is understood by its own driver and says again what was read', async () => {
    const { text, readings } = await record(entry);
    const { conversations, driver } = await replay(DRIVERS, parseCapture(text));
    expect(driver.id).toBe(id);
    expect(conversations.map((one) => ('reading' in one ? one.reading : one.error.code))).toEqual(readings);
    const times = conversations.map(({ t }) => t);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it('tells which poll failed and why', async () => {
    const { text, readings } = await record(entry, (_, poll) => poll === DAMAGED);
    const { conversations } = await replay([entry.driver], parseCapture(text));
    const failed = conversations.filter((one) => 'error' in one);
    expect(conversations.filter((one) => 'reading' in one)).toHaveLength(readings.length);
    expect(failed).toHaveLength(POLLS + 1 - readings.length);
    expect(failed.every((one) => 'error' in one && one.error instanceof BmsError)).toBe(true);
  });

  it('becomes a vector that its family decodes', async () => {
    const { text } = await record(entry);
    const vector = await vectorOf(parseCapture(text), { name: 'a report', origin: 'a test', bms: id });
    expect(vector.bms).toBe(entry.driver.family);
    const [first] = vector.cases;
    expect(first?.exchanges.length).toBeGreaterThan(0);
    expect(Object.keys(first?.expect ?? {})).toEqual(expect.arrayContaining(['voltage']));
  });
});

describe('a capture', () => {
  const jbd = BMSES.filter(({ driver }) => driver.id === 'jbd')[0];

  it('of which the end is missing keeps what is whole', async () => {
    if (jbd === undefined) throw new Error('no jbd');
    const { text, readings } = await record(jbd);
    const cut = text.slice(0, text.length - 60);
    const { conversations } = await replay([jbd.driver], parseCapture(cut));
    expect(conversations).toHaveLength(readings.length - 1);
  });

  it('without a probe begins with its polls', async () => {
    if (jbd === undefined) throw new Error('no jbd');
    const { text } = await record(jbd);
    const entries = parseCapture(text).slice(2);
    const { conversations } = await replay(DRIVERS, entries);
    expect(conversations.length).toBeGreaterThanOrEqual(POLLS - 1);
  });

  it('without a whole poll is decoded exchange by exchange', async () => {
    const log =
      '{"t":1,"request":"dda50300fffd77","reply":"dd03001d0618000001f201f400002c7c00000000000080640304030b8b0b8a0b84fa8d77"}\n';
    const { conversations, driver } = await replay(DRIVERS, parseCapture(log));
    expect(driver.id).toBe('jbd');
    expect(conversations).toMatchObject([{ reading: { voltage: 15.6 } }]);
  });

  it('that nobody understands is refused with the reason', async () => {
    const entries = parseCapture('{"t":0,"request":"0102","received":"ff00ff"}\n');
    await expect(replay(DRIVERS, entries)).rejects.toBeInstanceOf(BmsError);
  });

  it('turns a damaged poll into a vector that must be refused', async () => {
    if (jbd === undefined) throw new Error('no jbd');
    const { text } = await record(jbd, (_, poll) => poll === DAMAGED);
    const entries = parseCapture(text);
    const { conversations } = await replay([jbd.driver], entries);
    const failed = conversations.find((one) => 'error' in one);
    const vector = await vectorOf(entries, { name: 'noise', origin: 'a test', at: failed?.t ?? -1 });
    expect(vector.cases[0]?.expect).toEqual({ error: 'checksum' });
  });

  it.each([
    ['{"t":0}\n{"t":1}\n', 'line 1 of the capture is no exchange'],
    ['{"t":0,"request":"xy","received":""}\n', 'line 1 of the capture is no exchange'],
    ['nonsense\n{}\n', 'line 1 of the capture is not JSON'],
  ])('with %j is refused with the line', (text, reason) => {
    expect(() => parseCapture(text)).toThrow(new UsageError(reason));
  });
});

describe('a replaying link', () => {
  const entries = parseCapture(
    ['aa', 'bb', 'cc', 'aa', 'cc']
      .map((request, t) => JSON.stringify({ t, request, received: hex(Uint8Array.of(t + 1)) }))
      .join('\n'),
  );
  const ask = (link: ReplayLink, byte: number): Promise<Uint8Array> =>
    link.ask(Uint8Array.of(byte), (received) => received.length, 100);

  it('answers requests in the order in which they were asked, never one from an earlier time', async () => {
    const link = new ReplayLink(entries);
    link.begin();
    expect(await ask(link, 0xaa)).toEqual(Uint8Array.of(1));
    expect(await ask(link, 0xcc)).toEqual(Uint8Array.of(3));
    await expect(ask(link, 0xbb)).rejects.toBeInstanceOf(TimeoutError);
    expect(link.lacked).toBe(true);
  });

  it('does not answer one conversation with what belongs to the next', async () => {
    const link = new ReplayLink(entries);
    link.begin();
    await ask(link, 0xbb);
    link.begin();
    await ask(link, 0xaa);
    link.begin();
    await expect(ask(link, 0xaa)).rejects.toBeInstanceOf(TimeoutError);
    expect(link.taken).toEqual([]);
  });
});
