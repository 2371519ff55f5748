/** The lines of a report, and the marks that were missed in it. */
export class Report {
  readonly missed: string[] = [];

  say(text = ''): void {
    process.stdout.write(`${text}\n`);
  }

  /** `what` is said at the end when the mark does not hold. */
  mark(holds: boolean, what: string): void {
    if (!holds) this.missed.push(what);
  }
}
