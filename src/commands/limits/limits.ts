import { UsageError } from '../../errors.ts';
import { assertWritable } from '../../files.ts';
import { noWord, parseArguments } from '../arguments.ts';
import type { Command } from '../command.ts';
import { numberOption } from '../simulate/simulate.ts';
import { writeDrawing } from '../write-drawing.ts';
import { CONTROL_OPTIONS, CONTROL_USAGE, loadControl } from './control-options.ts';
import { drawLimits } from './limits-drawing.ts';
import { follow } from './limits-follow.ts';
import { DRAWING_GRID, sweepLimits, TABLE_GRID } from './limits-sweep.ts';
import { limitsDocument, limitsText } from './limits-table.ts';

const USAGE = `usage: dbus-bms limits [--config FILE] [--bms <id>] [--json] [--svg FILE] [--cells N] [--capacity AH]
       dbus-bms limits --follow [--config FILE] [--bms <id>]
What the control does with this configuration: settled limits over state of charge, cell voltage and temperature.
${CONTROL_USAGE}
  --json            one JSON document instead of tables
  --svg FILE        the same as a drawing, beside the tables
  --cells N         cells in series; default: as configured, else typical for the chemistry
  --capacity AH     default: as configured, else 280
  --follow          lines of readings in, lines of limits out, through the real control, until stdin ends
With --follow each line on stdin is a JSON object: "t" in monotonic seconds and canonical fields as \`read --json\`
prints them, or "t" alone for a failed poll:
  {"t": 12, "voltage": 53.1, "current": 8, "soc": 71, "cellVoltages": [3.318, ...], "temperatures": [21]}
For each line one line comes out at once, with exactly these keys:
  {"t", "cvl", "ccl", "dcl", "low", "allowToCharge", "allowToDischarge", "state", "chargeReason", "dischargeReason",
   "alarms"}
V and A; allowTo... are true or false; state is bulk, absorb, floatDown, float, topBalance or hold; alarms are levels
0, 1, 2 by name. Before the first good sample nothing may flow. A line that cannot be used is told on stderr and counts
as a failed poll; its "t" is then the last good one where the line tells none. Time is that of "t"; nothing is read from
or kept on disk but the configuration.`;

export const limits: Command = {
  summary: 'what the charge control would do: tables, drawing, or line by line',
  usage: USAGE,
  async run(args, io) {
    const { values, positionals } = parseArguments(args, {
      ...CONTROL_OPTIONS,
      json: { type: 'boolean' },
      svg: { type: 'string' },
      cells: { type: 'string' },
      capacity: { type: 'string' },
      follow: { type: 'boolean' },
    });
    noWord(positionals);
    const cells = numberOption('cells', values.cells, 3, 32);
    const capacity = numberOption('capacity', values.capacity, 5, 5000);
    if (cells !== undefined && !Number.isInteger(cells))
      throw new UsageError('--cells must be a whole number');
    if (values.follow) {
      const other = (['json', 'svg', 'cells', 'capacity'] as const).find(
        (name) => values[name] !== undefined,
      );
      if (other !== undefined) throw new UsageError(`--follow and --${other} do not go together`);
      await follow(await loadControl(values, io), io);
      return 0;
    }
    if (values.svg !== undefined) await assertWritable(values.svg);
    const settings = await loadControl(values, io);
    const size = { ...(cells !== undefined && { cells }), ...(capacity !== undefined && { capacity }) };
    const tables = sweepLimits(settings, TABLE_GRID, size);
    io.out(
      values.json ? `${JSON.stringify(limitsDocument(settings, tables))}\n` : limitsText(settings, tables),
    );
    if (values.svg !== undefined) {
      await writeDrawing(values.svg, drawLimits(settings, sweepLimits(settings, DRAWING_GRID, size)), io);
    }
    return 0;
  },
};
