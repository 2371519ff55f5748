import { describe, expect, it } from 'vitest';
import { SAYS_NOTHING } from '../../test/support/silent-link.ts';
import { BmsError, ImplausibleError, PortLostError, TimeoutError } from '../errors.ts';
import type { PackReading } from '../model/reading.ts';
import type { Exchange } from '../transport/exchange.ts';
import { type DriverPlan, NO_CABLE, planned, type Query } from './driver.ts';
import { UNASKED } from './query-plan.ts';

/** Queries named by their only byte; `answers` has what the battery tells now. */
function battery(
  queries: DriverPlan['queries'],
  answers: Record<number, PackReading | Error>,
  address = 1,
  more: Partial<DriverPlan> = {},
) {
  const asked: number[] = [];
  const link: Exchange = {
    ...SAYS_NOTHING,
    async ask(request) {
      const [name = 0] = request;
      asked.push(name);
      const answer = answers[name] ?? new TimeoutError('nothing');
      if (answer instanceof Error) throw answer;
      return request;
    },
  };
  const driver = planned({
    id: 'x',
    family: 'x',
    name: 'X',
    sends: { reads: [] },
    reach: { serial: { lines: [], addresses: [1], answerMs: 10 } },
    limits: 'operating',
    timeoutMs: 100,
    queries,
    probe: {},
    accept: () => () => 1,
    decode([name = 0]) {
      const answer = answers[name];
      return answer === undefined || answer instanceof Error ? {} : answer;
    },
    ...more,
  });
  const session = driver.open(link, address);
  return {
    answers,
    asked,
    session,
    /** The requests of one reading, and what came of it. */
    async read(): Promise<{ asked: number[]; outcome: PackReading | BmsError }> {
      asked.length = 0;
      const outcome = await session.read().catch((error: unknown) => {
        if (error instanceof BmsError) return error;
        throw error;
      });
      return { asked: [...asked], outcome };
    },
  };
}

const named = (name: number, more: Omit<Query, 'asks'> = {}): Query => ({
  asks: () => Uint8Array.of(name),
  ...more,
});
const VALUES = named(1);
const MODEL = named(2, { tells: ['model'], rarely: { first: 0, every: 2 } });

describe('a session', () => {
  it('takes from an answer about facts its own keys only, for a setting is no measurement', async () => {
    const { read } = battery([VALUES, MODEL], { 1: { soc: 50 }, 2: { model: 'Y', chargeEnabled: true } });
    expect((await read()).outcome).toEqual({ soc: 50, model: 'Y' });
  });

  it('keeps facts in the readings that ask in vain or not at all, and no measurement', async () => {
    const { answers, read } = battery([VALUES, MODEL], { 1: { soc: 50, voltage: 52 }, 2: { model: 'Y' } });
    await read();
    answers[1] = { soc: 51 };
    answers[2] = new TimeoutError('nothing');
    for (const requests of [[1], [1, 2], [1]])
      expect(await read()).toEqual({ asked: requests, outcome: { soc: 51, model: 'Y' } });
  });

  it('does not hide a lost port', async () => {
    const lost = new PortLostError('gone');
    const { read } = battery([VALUES, MODEL], { 1: { soc: 50 }, 2: lost });
    expect((await read()).outcome).toBe(lost);
  });

  it('begins anew after three failures in a row, not after two', async () => {
    const { answers, read } = battery([VALUES, MODEL], { 1: { soc: 50 }, 2: { model: 'Y' } });
    await read();
    answers[2] = new TimeoutError('nothing');
    const fail = async (times: number) => {
      answers[1] = new TimeoutError('nothing');
      for (let time = 0; time < times; time += 1) await read();
      answers[1] = { soc: 50 };
    };
    await fail(2);
    expect(await read()).toEqual({ asked: [1], outcome: { soc: 50, model: 'Y' } });
    await fail(3);
    expect(await read()).toEqual({ asked: [1, 2], outcome: { soc: 50 } });
  });

  it('counts its readings far apart from those of its neighbours after the first minute, so that slow facts spread', async () => {
    const often = named(2, { tells: ['model'], rarely: { first: 0, every: 10 } });
    const turns = await Promise.all(
      [1, 2, 3, 4, 5, 6, 7, 8].map(async (address) => {
        const { read } = battery([VALUES, often], { 1: {}, 2: { model: 'Y' } }, address);
        const own: boolean[] = [];
        for (let turn = 0; turn < 150; turn += 1) own.push((await read()).asked.includes(2));
        return own;
      }),
    );
    for (const own of turns)
      expect(own.slice(0, 51)).toEqual(Array.from({ length: 51 }, (_, turn) => turn % 10 === 0));
    for (let turn = 51; turn < 150; turn += 1)
      expect(turns.filter((own) => own[turn]).length).toBeLessThanOrEqual(1);
  });

  it('believes what is confirmed when it is told twice alike', async () => {
    const limit = named(2, {
      tells: ['maxChargeCurrent'],
      rarely: { first: 0, every: 1 },
      confirmed: 'reading',
    });
    const { answers, read } = battery([VALUES, limit], { 1: {}, 2: { maxChargeCurrent: 90 } });
    expect(await read()).toEqual({ asked: [1, 2, 2], outcome: { maxChargeCurrent: 90 } });
    let amps = 90;
    Object.defineProperty(answers, 2, {
      get() {
        amps += 1;
        return { maxChargeCurrent: amps };
      },
    });
    expect(await read()).toEqual({ asked: [1, 2, 2], outcome: { maxChargeCurrent: 90 } });
  });

  it.each([
    [[50, 50], { soc: 50 }],
    [[50, 51], { soc: 51 }],
    [[90, 50, 50], { soc: 50 }],
    [[50, 90, 50], undefined],
  ])('of a question whose answers have to agree believes of %j: %j', async (socs, believed) => {
    const left = [...socs];
    const values = named(1, { agreed: true, decode: () => ({ soc: left.shift() ?? 0 }) });
    const { asked, session } = battery([values], { 1: {} });
    const outcome = await session.probe().catch((error: unknown) => error);
    if (believed === undefined) expect(outcome).toBeInstanceOf(ImplausibleError);
    else expect(outcome).toEqual(believed);
    expect(asked).toEqual(socs.map(() => 1));
  });

  it('knocks before it probes, and asks nothing else when nobody opens', async () => {
    const knock = named(9);
    const awake = battery([VALUES], { 1: { soc: 50 }, 9: {} }, 1, { knock });
    expect(await awake.session.probe()).toEqual({ soc: 50 });
    expect(awake.asked).toEqual([9, 1]);
    const away = battery([VALUES], { 1: { soc: 50 } }, 1, { knock });
    await expect(away.session.probe()).rejects.toBeInstanceOf(TimeoutError);
    expect(away.asked).toEqual([9]);
  });

  it('says once what is never told, and hands it over once', async () => {
    const model = { ...MODEL, name: 'model (02)', rarely: { first: 0, attempts: 3 } };
    const { read, session } = battery([VALUES, model], { 1: {} });
    for (let time = 0; time < 9; time += 1) await read();
    expect([session.takeRemarks(), session.takeRemarks()]).toEqual([
      [{ part: 'model (02)', state: 'never', remains: false }],
      [],
    ]);
  });

  it('finds out again over another line how it wants to be asked, and keeps what it was told', async () => {
    const forms = [3, 4].map((name) => ({ id: `${name}`, request: Uint8Array.of(name) }));
    const { read, session } = battery([{ asks: () => forms }, MODEL], { 4: { soc: 50 }, 2: { model: 'Y' } });
    expect((await read()).asked).toEqual([3, 4, 2]);
    expect((await read()).asked).toEqual([4]);
    session.reconnected();
    expect(await read()).toEqual({ asked: [3, 4, 2], outcome: { soc: 50, model: 'Y' } });
  });
});

describe('a battery that speaks by itself', () => {
  it('is listened to by a query without a request', async () => {
    const heard = Uint8Array.of(7);
    const said: unknown[] = [];
    const link: Exchange = {
      ask: () => Promise.reject(new Error('nobody is to be asked')),
      next: async (_accept, timeoutMs) => {
        said.push(timeoutMs);
        return heard;
      },
    };
    const driver = planned({
      id: 'x',
      family: 'x',
      name: 'X',
      sends: { reads: [] },
      reach: { serial: NO_CABLE },
      limits: 'operating',
      timeoutMs: 100,
      queries: [{ asks: () => UNASKED, timeoutMs: 3000 }],
      probe: {},
      accept: () => () => 1,
      decode: (request, [soc = 0]) => (request.length === 0 ? { soc } : {}),
    });
    expect(await driver.open(link, 0).read()).toEqual({ soc: 7 });
    expect(said).toEqual([3000]);
  });
});
