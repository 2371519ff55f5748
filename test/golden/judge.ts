import { type Conversation, parseConversation, printConversation } from './conversation.ts';
import { differenceOf } from './difference.ts';
import { read, write } from './files.ts';
import { PLANS } from './plans.ts';
import { record } from './record.ts';
import { replay } from './replay.ts';

export interface Verdict {
  readonly name: string;
  /** For people, when all is well. */
  readonly outcome: string;
  /** The first difference, for people. */
  readonly difference?: string;
}

/** Plays a stored recording and compares. */
export async function judge(name: string): Promise<Verdict> {
  const { conversation, transcript } = read(name);
  const played = await replay(conversation);
  const difference = differenceOf(transcript, played.transcript);
  const why = [played.departure, difference].filter((text) => text !== undefined).join('\n');
  return {
    name,
    outcome: `as it was, ${described(conversation, transcript)}`,
    ...(why !== '' && { difference: why }),
  };
}

/** Makes a recording anew; it must come out the same when what was said on the line is played back. */
export async function rewrite(name: string): Promise<Verdict> {
  const plan = PLANS.find((each) => each.name === name);
  if (plan === undefined) throw new Error(`there is no plan for ${name}`);
  const recorded = await record(plan);
  const conversation = parseConversation(printConversation(recorded.conversation));
  const { departure, transcript } = await replay(conversation);
  const why = departure ?? differenceOf(recorded.transcript, transcript);
  if (why !== undefined) return { name, outcome: '', difference: `does not come out the same twice: ${why}` };
  const changed = write(name, { conversation, transcript });
  return {
    name,
    outcome: `${changed ? 'written' : 'unchanged'}, ${described(conversation, transcript)}`,
  };
}

/** How much a recording holds. */
export function described({ said }: Conversation, transcript: string): string {
  const asked = said.filter(({ does }) => does === 'ask').length;
  return `${asked} requests, ${transcript.split('\n').length - 1} lines`;
}
