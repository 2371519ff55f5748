import { BankLine } from '../../test/support/bank-line.ts';

/** What two faulty packs may cost the cycle time of the others. */
const MOST = 1.1;
const MINUTES = 10;
const DEAD = 3;
const NOISY = 6;
/** Chance that one byte of an answer of the noisy pack arrives wrong: about every fifth frame of 300 bytes is lost. */
const NOISE = 0.0008;
const BANKS = ['jk-pb', 'pylontech', 'hubble-am2', 'daly'] as const;

/** Prints the cycle times of banks of 8 packs with and without faulty packs; returns the marks that are missed. */
export async function bankCycle(out: (text: string) => void): Promise<string[]> {
  const missed: string[] = [];
  out(
    `8 packs on one line, ${MINUTES} minutes: s between good polls of a sound pack, and the age of the noisy pack's data`,
  );
  out(
    `${'BMS'.padEnd(12)}${'sound'.padStart(8)}${'faulty'.padStart(8)}${'cost'.padStart(8)}${'noisy s'.padStart(9)}${'dead s'.padStart(8)}`,
  );
  for (const id of BANKS) {
    const sound = await polls(id, false);
    const faulty = await polls(id, true);
    const period = (count: number): number => (MINUTES * 60) / count;
    const good = sound.good;
    const cost = good / faulty.good;
    out(
      `${id.padEnd(12)}${period(good).toFixed(2).padStart(8)}${period(faulty.good).toFixed(2).padStart(8)}` +
        `${`${(100 * (cost - 1)).toFixed(1)} %`.padStart(8)}${period(faulty.noisy).toFixed(1).padStart(9)}${(faulty.dead === 0 ? 'never' : period(faulty.dead).toFixed(0)).padStart(8)}`,
    );
    if (cost > MOST)
      missed.push(`${id}: sound packs are polled ${(100 * (cost - 1)).toFixed(1)} % more rarely`);
  }
  return missed;
}

/** Good polls of the sound pack that got the fewest, of the noisy one and of the dead one. */
async function polls(id: string, faulty: boolean): Promise<{ good: number; noisy: number; dead: number }> {
  const first = id === 'pylontech' ? 2 : 1;
  const packs = Array.from({ length: 8 }, (_, index) => ({ address: first + index, capacity: 100 }));
  const bank = await BankLine.open(id, { packs, scan: true });
  await bank.run(60_000);
  bank.polls.clear();
  const dead = first + DEAD;
  const noisy = first + NOISY;
  if (faulty) {
    bank.fault(dead, { silent: 1 });
    bank.fault(noisy, { bitflips: NOISE });
  }
  await bank.run(MINUTES * 60_000);
  const of = (address: number): number => bank.polls.get(address) ?? 0;
  const sound = packs
    .map(({ address }) => address)
    .filter((address) => address !== dead && address !== noisy);
  return { good: Math.min(...sound.map(of)), noisy: of(noisy), dead: of(dead) };
}
