import { clockText } from '../../src/battery/battery.ts';
import type { LogFault } from '../../test/support/log/fault.ts';
import { LOG_FAULTS, linesOf } from '../../test/support/log/faults.ts';
import type { LogLine } from '../../test/support/log/site.ts';
import { wrap } from './wrap.ts';

const INTRODUCTION = `# The log: what an owner sees of a fault

Made by \`npm run log\` from runs of the whole program: two hours of virtual time for each fault, with
a simulated battery that is polled every 4 s. \`npm test\` runs every sixth of them and says when
this page is out of date.

A fault is told in three kinds of lines, and each says level and scope first:

* one when it begins, with its cause and what to do;
* at most one an hour while it lasts, with counts (one a day of what needs the owner but changes
  nothing);
* one when it is over, with how long it lasted.

What ends and comes back soon has to stay away longer each time until its end is told, so that
nothing fills the log. Beside them stand the lines of the limits: they say a current limit, why, and
in brackets what was in force on the bus before. A limit that goes to and fro is told as a fault of
its own.

The time before each line counts from the beginning of the fault, which lasts 01:15:00. What happens
to the bus or to the program itself is watched for 00:15:00. Numbers, addresses and bytes differ
from site to site. A line that is too long for this page goes on in the next one, set in.
`;

/** docs/log.md, from a run of every fault. */
export async function logPage(): Promise<string> {
  const sections: string[] = [];
  for (const fault of LOG_FAULTS) sections.push(sectionOf(fault, await linesOf(fault)));
  return pageOf(sections);
}

export function pageOf(sections: readonly string[]): string {
  return `${INTRODUCTION}${sections.join('')}`;
}

/** What the log says of one fault. */
export function sectionOf({ name }: LogFault, lines: readonly LogLine[]): string {
  const shown = lines.flatMap(({ at, text }) => wrap(text, `${clockText(Math.floor(at))}  `, '    '));
  const body = lines.length === 0 ? 'No line: nothing is missing.' : `\`\`\`\n${shown.join('\n')}\n\`\`\``;
  return `\n## ${name[0]?.toUpperCase()}${name.slice(1)}\n\n${body}\n`;
}
