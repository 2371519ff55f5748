import { clockText } from '../../src/battery/battery.ts';
import { LOG_FAULTS, type LogFault, linesOf } from '../../test/support/log-faults.ts';
import type { LogLine } from '../../test/support/log-site.ts';

const INTRODUCTION = `# The log: what an owner sees of a fault

Made by \`npm run log\` from runs of the whole program: two hours of virtual time for each fault, with
a simulated battery that is polled every 4 s. \`npm test\` runs every fifth of them and says when this page is out
of date.

A fault is told in three kinds of lines, and each says level and scope first:

* one when it begins, with its cause and what to do;
* at most one an hour while it lasts, with counts (of what needs the owner but changes nothing one a day);
* one when it is over, with how long it lasted.

What ends and comes back soon has to stay away longer each time until its end is told, so that nothing fills
the log. Beside them stand the lines of the limits: they say a current limit, why, and in brackets what was in
force on the bus before. A limit that goes to and fro is told as a fault of its own.

The column *after* counts from the beginning of the fault, which lasts 01:15:00. Numbers, addresses and bytes
differ from site to site.
`;

/** docs/log.md, from a run of every fault. */
export async function logPage(): Promise<string> {
  const sections: string[] = [];
  for (const fault of LOG_FAULTS) sections.push(sectionOf(fault, await linesOf(fault)));
  return pageOf(sections);
}

export function pageOf(sections: readonly string[]): string {
  return `${INTRODUCTION}\n| fault | after | line |\n|---|---|---|\n${sections.join('')}`;
}

/** The rows of one fault. */
export function sectionOf({ name }: LogFault, lines: readonly LogLine[]): string {
  if (lines.length === 0) return `| ${name} | | none: nothing is missing |\n`;
  return lines
    .map(({ at, text }, index) => {
      const cells = [
        index === 0 ? name : '',
        clockText(Math.floor(at)),
        `\`${text.replaceAll('|', '\\|')}\``,
      ];
      return `| ${cells.join(' | ')} |\n`;
    })
    .join('');
}
