import { drawLimits } from '../../src/commands/limits/limits-drawing.ts';
import { DRAWING_GRID, sweepLimits } from '../../src/commands/limits/limits-sweep.ts';
import { simulateDay } from '../../src/commands/simulate/day.ts';
import { drawDay } from '../../src/commands/simulate/day-drawing.ts';
import type { ControlSettings } from '../../src/control/law.ts';
import { controlSettings } from '../../src/settings/control.ts';
import { parseSettings } from '../../src/settings/file.ts';
import { loadScenario } from '../../src/simulator/trials/scenario.ts';

/** What the control works with where nobody has configured anything. */
function defaults(): ControlSettings {
  return controlSettings(parseSettings('', 'defaults').forPort(), { limits: 'operating' });
}

/** `dbus-bms limits --svg` with the defaults. */
export function limitsDrawing(): string {
  const settings = defaults();
  return drawLimits(settings, sweepLimits(settings, DRAWING_GRID));
}

/** `dbus-bms simulate <bms> --plot` with the defaults. */
export async function dayDrawing(): Promise<string> {
  return drawDay(await simulateDay(loadScenario('day'), defaults(), 24));
}
