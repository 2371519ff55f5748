import { type BankPlan, banksNaming, type Candidate, isNamed } from './bank-members.ts';
import type { BatteryView } from './battery-view.ts';

/** A battery service as a bank looks at it. */
export interface BankCandidate extends Candidate {
  readonly view: BatteryView;
}

export interface Assembly {
  /** Members that are there, by the name that the settings give them. */
  readonly members: ReadonlyMap<string, BatteryView>;
  /** Why this bank must not steer now, in one line. */
  readonly fault?: string;
  /** Members that know of the bank and still offer their limits to chargers. */
  readonly holding: readonly string[];
  /** Members of other drivers, which go on offering theirs. */
  readonly strangers: readonly string[];
}

/** The program of which batteries hand their limits over. */
const OURS = 'dbus-bms';

/** Finds the members of a bank among the batteries that are there. Whatever is not clear makes a fault. */
export function assemble(
  plan: BankPlan,
  plans: readonly BankPlan[],
  candidates: readonly BankCandidate[],
): Assembly {
  const banks = new Set(plans.map(({ name }) => name));
  const members = new Map<string, BatteryView>();
  const taken = new Map<string, string>();
  const holding: string[] = [];
  const strangers: string[] = [];
  const done = (fault?: string): Assembly => ({
    members,
    holding,
    strangers,
    ...(fault !== undefined && { fault }),
  });
  for (const member of plan.members) {
    const found = candidates.filter((candidate) => isNamed(member, candidate));
    const [battery, twin] = found;
    if (battery === undefined) continue;
    const { place, view } = battery;
    if (twin !== undefined)
      return done(`${place} and ${twin.place} are both "${member}": name each by its port`);
    if (banks.has(place)) return done(`"${member}" is the bank ${place}: a bank has batteries as members`);
    const before = taken.get(place);
    if (before !== undefined) return done(`"${before}" and "${member}" are both ${place}: name it once`);
    taken.set(place, member);
    const rivals = banksNaming(plans, battery).filter((name) => name !== plan.name);
    if (rivals.length > 0)
      return done(`${place} is a member of ${rivals.join(' and ')} too: a battery has one bank`);
    members.set(member, view);
    if (view.told?.program !== OURS) {
      if (view.control !== undefined) strangers.push(member);
      continue;
    }
    if (view.control === undefined) continue;
    if (view.bank?.name !== plan.name)
      return done(`${place} does not know that it is a member: restart its service`);
    if (!view.bank.isLed) holding.push(member);
  }
  return done();
}
