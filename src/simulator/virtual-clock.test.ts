import { describe, expect, it } from 'vitest';
import { sleep } from '../clock.ts';
import { VirtualClock } from './virtual-clock.ts';

describe('the virtual clock', () => {
  it('calls in the order of time, and of asking when the time is the same', async () => {
    const clock = new VirtualClock();
    const calls: string[] = [];
    clock.after(20, () => calls.push(`c${clock.now()}`));
    clock.after(10, () => calls.push(`a${clock.now()}`));
    clock.after(10, () => calls.push(`b${clock.now()}`));
    await clock.run(15);
    expect(calls).toEqual(['a10', 'b10']);
    expect(clock.now()).toBe(15);
    await clock.run(20);
    expect(calls).toEqual(['a10', 'b10', 'c20']);
  });

  it('does not call what was cancelled', async () => {
    const clock = new VirtualClock();
    let called = false;
    const cancel = clock.after(5, () => {
      called = true;
    });
    cancel();
    cancel();
    await clock.run(10);
    expect(called).toBe(false);
    expect(clock.waiting).toBe(0);
  });

  it('waits for chains of promises before time goes on', async () => {
    const clock = new VirtualClock();
    const times: number[] = [];
    const work = async (): Promise<void> => {
      for (let turn = 0; turn < 3; turn++) {
        await sleep(clock, 1000);
        await Promise.resolve();
        await Promise.resolve();
        times.push(clock.now());
      }
    };
    const done = work();
    await clock.run(10_000);
    await done;
    expect(times).toEqual([1000, 2000, 3000]);
  });

  it('moves the calendar apart from the monotonic time', async () => {
    const clock = new VirtualClock(1000);
    await clock.run(500);
    expect(clock.wall()).toBe(1500);
    clock.setWall(99_000);
    await clock.run(600);
    expect([clock.now(), clock.wall()]).toEqual([600, 99_100]);
  });
});
