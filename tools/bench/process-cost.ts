import { readdirSync, readFileSync } from 'node:fs';

/** User and system time of a living process so far, s, to the nanosecond where the kernel tells it, else in its ticks. */
export function cpuSeconds(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).reduce((sum, task) => sum + threadSeconds(pid, task), 0);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    // This kernel has no schedstat.
    return tickSeconds(pid);
  }
}

function threadSeconds(pid: number, task: string): number {
  return Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e9;
}

/** All Linux systems with 100 ticks per second, which is what user space is shown on every common machine. */
const TICKS_PER_SECOND = 100;

function tickSeconds(pid: number): number {
  // The name of the program may contain spaces; the fields begin behind its closing bracket with the third.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Memory of a living process, MiB. */
export interface Memory {
  readonly rss: number;
  /** Its share of what it shares with others, and all that is its own. */
  readonly pss: number;
  readonly anonymous: number;
  readonly privateDirty: number;
  readonly threads: number;
}

export function memoryOf(pid: number): Memory {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const mebibytes = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? Number.NaN) / 1024;
  return {
    rss: mebibytes('Rss'),
    pss: mebibytes('Pss'),
    anonymous: mebibytes('Anonymous'),
    privateDirty: mebibytes('Private_Dirty'),
    threads: readdirSync(`/proc/${pid}/task`).length,
  };
}
