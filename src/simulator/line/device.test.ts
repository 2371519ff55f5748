import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Responder } from '../../bms/driver.ts';
import { Plant } from '../plant/plant.ts';
import { parseScenario } from '../trials/scenario.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { Device, type DeviceOptions } from './device.ts';

const numRuns = 100 * Number(process.env['FUZZ_FACTOR'] ?? 1);
const ASK = 0x3f;
const OFF = 0x21;
const END = 0x0a;
const ANSWER_LENGTH = 30;

/** `?` LF asks for the state of charge in 30 bytes, `!` LF opens the charge FET. */
const tiny: Responder = {
  accept(received) {
    if (received[0] !== ASK && received[0] !== OFF) return { refused: 'start' };
    if (received[1] === undefined) return 'more';
    return received[1] === END ? 2 : { refused: 'end' };
  },
  reply(request, battery) {
    if (request[0] === OFF)
      return { bytes: Uint8Array.of(OFF), changes: { chargeEnabled: false }, afterMs: 5 };
    const bytes = new Uint8Array(ANSWER_LENGTH).fill(0x55);
    bytes[0] = Math.round(battery.soc ?? 255);
    return { bytes };
  },
};

const BAUD = 9600;
const BYTE_MS = 10_000 / BAUD;
const ANSWER_MS = 20;

function deviceOf(scenario: Record<string, unknown>, options: Partial<DeviceOptions> = {}) {
  const clock = new VirtualClock();
  const plant = new Plant(parseScenario({ packs: [{ soc: 50 }], ...scenario }));
  const device = new Device({
    plant,
    responders: [tiny],
    clock,
    baudRate: BAUD,
    answerMs: ANSWER_MS,
    ...options,
  });
  const heard: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  const attach = (delivery: 'uart' | number) =>
    device.attach({ delivery, send: (bytes) => heard.push({ at: clock.now(), bytes }) });
  const all = (): number[] => heard.flatMap(({ bytes }) => [...bytes]);
  return { clock, plant, device, heard, attach, all };
}

const QUESTION = Uint8Array.of(ASK, END);

describe('a device', () => {
  it('answers in its own time, no faster than the line', async () => {
    const { clock, heard, attach, all } = deviceOf({});
    attach('uart').receive(QUESTION);
    await clock.run(1000);
    const start = 2 * BYTE_MS + ANSWER_MS;
    let count = 0;
    for (const { at, bytes } of heard) {
      count += bytes.length;
      expect(at).toBeCloseTo(start + count * BYTE_MS, 6);
    }
    expect(heard.length).toBeGreaterThan(2);
    expect(all()).toHaveLength(ANSWER_LENGTH);
  });

  it.each([1, 3])('sends %i network segments', async (segments) => {
    const { clock, heard, attach, all } = deviceOf({});
    attach(segments).receive(QUESTION);
    await clock.run(1000);
    expect(heard).toHaveLength(segments);
    expect(heard.at(-1)?.at).toBeCloseTo(2 * BYTE_MS + ANSWER_MS + ANSWER_LENGTH * BYTE_MS, 6);
    expect(all()).toHaveLength(ANSWER_LENGTH);
  });

  it('finds requests among other bytes, however they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 8 }), async (cuts) => {
        const { clock, attach, all } = deviceOf({});
        const session = attach(1);
        const stream = Uint8Array.of(1, ASK, 2, 3, ...QUESTION, 4, ...QUESTION);
        let at = 0;
        for (const cut of [...cuts, stream.length]) {
          session.receive(stream.subarray(at, at + cut));
          at += cut;
          await clock.run(clock.now() + 5);
        }
        await clock.run(clock.now() + 1000);
        expect(all()).toHaveLength(2 * ANSWER_LENGTH);
      }),
      { numRuns },
    );
  });

  it('never sends two answers at once', async () => {
    const { clock, heard, attach } = deviceOf({});
    attach(1).receive(Uint8Array.of(...QUESTION, ...QUESTION));
    await clock.run(1000);
    const [one, two] = heard;
    expect((two?.at ?? 0) - (one?.at ?? 0)).toBeCloseTo(ANSWER_LENGTH * BYTE_MS, 6);
  });

  it('forgets a request that was begun long ago', async () => {
    const { clock, attach, all } = deviceOf({});
    const session = attach(1);
    session.receive(QUESTION.subarray(0, 1));
    await clock.run(500);
    session.receive(QUESTION.subarray(1));
    await clock.run(1000);
    expect(all()).toEqual([]);
  });

  it('survives any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 4 }), async (pieces) => {
        const { clock, attach, all } = deviceOf({});
        const session = attach('uart');
        for (const piece of pieces) session.receive(piece);
        await clock.run(1000);
        session.receive(QUESTION);
        await clock.run(clock.now() + 100_000);
        expect(all().slice(-ANSWER_LENGTH)).toHaveLength(ANSWER_LENGTH);
      }),
      { numRuns },
    );
  });

  it('lives faster than real when asked to, on a line that does not', async () => {
    const { clock, device, heard, attach, all } = deviceOf(
      { steps: [{ at: 0, current: 28 }] },
      { speed: 360 },
    );
    const session = attach(1);
    await clock.run(10_000);
    session.receive(QUESTION);
    await clock.run(11_000);
    expect(all()[0]).toBe(60);
    expect(heard[0]?.at).toBeCloseTo(10_000 + 2 * BYTE_MS + ANSWER_MS + ANSWER_LENGTH * BYTE_MS, 6);
    device.close();
    expect(clock.waiting).toBe(0);
  });

  it('changes the battery when it is written to', async () => {
    const { clock, plant, attach, heard } = deviceOf({});
    attach(1).receive(Uint8Array.of(OFF, END));
    await clock.run(1000);
    expect(plant.truth().chargeEnabled).toBe(false);
    expect(heard[0]?.at).toBeCloseTo(2 * BYTE_MS + 5 + BYTE_MS, 6);
  });

  it('says nothing more after its line was taken away', async () => {
    const { clock, attach, all } = deviceOf({});
    const session = attach('uart');
    session.receive(QUESTION);
    await clock.run(30);
    session.detach();
    const before = all().length;
    session.receive(QUESTION);
    await clock.run(1000);
    expect(all()).toHaveLength(before);
  });
});

describe('a line that misbehaves', () => {
  const answerOver = async (line: Record<string, unknown>): Promise<readonly [number[], number]> => {
    const { clock, attach, all, heard } = deviceOf({ line });
    attach(1).receive(QUESTION);
    await clock.run(100_000);
    return [all(), heard.at(-1)?.at ?? 0];
  };
  const good = [50, ...Array.from({ length: ANSWER_LENGTH - 1 }, () => 0x55)];

  it('is silent', async () => {
    expect((await answerOver({ silent: true }))[0]).toEqual([]);
  });

  it('has noise ahead of the answer', async () => {
    const [bytes] = await answerOver({ garbage: 12 });
    expect(bytes).toHaveLength(12 + ANSWER_LENGTH);
    expect(bytes.slice(12)).toEqual(good);
  });

  it('turns bits', async () => {
    const [bytes] = await answerOver({ bitflips: 1 });
    const turned = bytes.map((byte, index) => byte ^ (good[index] ?? 0));
    expect(turned.every((bits) => bits !== 0 && (bits & (bits - 1)) === 0)).toBe(true);
  });

  it('breaks off', async () => {
    const [bytes] = await answerOver({ truncate: true });
    expect(bytes.length).toBeLessThan(ANSWER_LENGTH);
    expect(good.slice(0, bytes.length)).toEqual(bytes);
  });

  it('echoes the request', async () => {
    expect((await answerOver({ echo: true }))[0]).toEqual([...QUESTION, ...good]);
    expect((await answerOver({ echo: true, silent: true }))[0]).toEqual([...QUESTION]);
  });

  it('is late', async () => {
    const [, normal] = await answerOver({});
    const [, late] = await answerOver({ delayMs: 700 });
    expect(late - normal).toBeCloseTo(700, 6);
  });

  it('begins to misbehave at the time of the script, and ends', async () => {
    const { clock, attach, all } = deviceOf({
      steps: [
        { at: 2, line: { silent: true } },
        { at: 4, line: {} },
      ],
    });
    const session = attach(1);
    const counts: number[] = [];
    for (let second = 1; second <= 5; second += 2) {
      await clock.run(second * 1000);
      session.receive(QUESTION);
      await clock.run(second * 1000 + 500);
      counts.push(all().length);
    }
    expect(counts).toEqual([ANSWER_LENGTH, ANSWER_LENGTH, 2 * ANSWER_LENGTH]);
  });

  it('is pulled out and put back, and an answer underway is lost', async () => {
    const { clock, device, attach, all } = deviceOf({
      steps: [
        { at: 2, line: { unplug: true } },
        { at: 4, line: {} },
      ],
    });
    const seen: (readonly [number, boolean])[] = [];
    device.watch((plugged) => seen.push([clock.now(), plugged]));
    const session = attach('uart');
    await clock.run(1980);
    session.receive(QUESTION);
    await clock.run(6000);
    expect(seen).toEqual([
      [2000, false],
      [4000, true],
    ]);
    expect(all().length).toBeLessThan(ANSWER_LENGTH);
  });
});
