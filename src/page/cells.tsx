import type { ToldBattery } from '../output/web/told.ts';
import { type CellBar, cellBars } from './cell-bars.ts';
import { NONE, quantity } from './format.ts';

/** Half the height of a bar's drawing, in its own units. */
const HALF = 20;

/** All cells as bars around their mean. */
export function Cells({ battery }: { battery: ToldBattery }) {
  const { balancing, cells, limits } = battery;
  const { cellHigh: high, cellLow: low } = limits;
  const bars = cellBars(cells, balancing, {
    ...(high !== undefined && { high }),
    ...(low !== undefined && { low }),
  });
  const { highest, lowest, mean, scale } = bars;
  const spread = highest === undefined || lowest === undefined ? undefined : (highest - lowest) * 1000;
  return (
    <section aria-label="Cells">
      <h2>Cells</h2>
      <dl class="facts">
        <Fact name="lowest" value={quantity(lowest, 3, 'V')} />
        <Fact name="mean" value={quantity(mean, 3, 'V')} />
        <Fact name="highest" value={quantity(highest, 3, 'V')} />
        <Fact name="spread" value={quantity(spread, 0, 'mV')} />
        <Fact name="limit" value={quantity(high, 3, 'V')} />
      </dl>
      {cells.length === 0 ? (
        <p class="none">no cell voltage is known now</p>
      ) : (
        <>
          <ol class="cells">
            {bars.cells.map((cell) => (
              <Cell key={cell.number} cell={cell} highLimit={bars.highLimit} lowLimit={bars.lowLimit} />
            ))}
          </ol>
          <p class="age">
            bars: {(scale * 1000).toFixed(0)} mV above and below the mean; ● balancing
            {bars.highLimit === undefined && high !== undefined && highest !== undefined
              ? `; the limit is ${((high - highest) * 1000).toFixed(0)} mV above the highest cell`
              : ''}
          </p>
        </>
      )}
    </section>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

interface CellProps {
  readonly cell: CellBar;
  readonly highLimit: number | undefined;
  readonly lowLimit: number | undefined;
}

function Cell({ cell, highLimit, lowLimit }: CellProps) {
  const { above, isBalancing, isHighest, isLowest, number, share, volts } = cell;
  const look = isHighest ? 'highest' : isLowest ? 'lowest' : '';
  const words = [isHighest && 'highest', isLowest && 'lowest', isBalancing && 'balancing'].filter(Boolean);
  const y = (at: number): number => HALF - at * HALF;
  return (
    <li class={`cell ${look}`}>
      <span class="label">
        {number} {isBalancing ? '●' : ''}
      </span>
      <svg viewBox={`0 0 40 ${2 * HALF}`} preserveAspectRatio="none" aria-hidden="true">
        <rect class="bar" x="6" width="28" y={y(Math.max(0, share))} height={Math.abs(share) * HALF} />
        <line class="mean" x1="0" x2="40" y1={HALF} y2={HALF} />
        {[highLimit, lowLimit].map((at) =>
          at === undefined ? null : <line key={at} class="limit" x1="0" x2="40" y1={y(at)} y2={y(at)} />,
        )}
      </svg>
      <span class="volts">{volts === undefined ? NONE : volts.toFixed(3)}</span>
      <span class="unseen">
        {above === undefined ? 'not told' : `${(above * 1000).toFixed(0)} mV from the mean`}{' '}
        {words.join(', ')}
      </span>
    </li>
  );
}
