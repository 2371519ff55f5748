import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import type { ToldHistory, Trace } from '../output/web/told.ts';
import { spansOf } from './mode-spans.ts';

const REFRESH_MS = 60_000;
const HEIGHT = 150;

interface Line {
  readonly label: string;
  readonly colour: string;
  readonly values: Trace;
}

/** The last day as plots under one cursor. */
export function DayPlots({ id }: { id: string }) {
  const history = useHistory(id);
  return (
    <section aria-label="The last 24 hours" class="day">
      <h2>The last 24 hours</h2>
      {history === undefined ? (
        <p class="none plots">waiting for the history</p>
      ) : (
        <Plots history={history} />
      )}
    </section>
  );
}

function Plots({ history }: { history: ToldHistory }) {
  const { ccl, current, dcl, highestCell, lowestCell, soc } = history;
  return (
    <div class="plots">
      <Plot
        title="Cells, V"
        history={history}
        lines={[
          { label: 'highest', colour: '--orange', values: highestCell },
          { label: 'lowest', colour: '--blue', values: lowestCell },
        ]}
      />
      <Plot
        title="Current and its limits, A"
        history={history}
        lines={[
          { label: 'current', colour: '--ink', values: current },
          { label: 'CCL', colour: '--green', values: ccl },
          { label: 'DCL', colour: '--orange', values: dcl },
        ]}
      />
      <Plot
        title="State of charge, %"
        history={history}
        lines={[{ label: 'SoC', colour: '--green', values: soc }]}
        range={[0, 100]}
      />
      <Modes history={history} />
    </div>
  );
}

function Modes({ history }: { history: ToldHistory }) {
  const spans = spansOf(history.mode, history.modes);
  return (
    <figure class="modes">
      <figcaption>Charge state</figcaption>
      <div class="strip">
        {spans.map(({ from, name, steps }) => (
          <span
            key={from}
            class={`mode mode-${name === undefined ? 'none' : history.modes.indexOf(name) % 6}`}
            style={{ flexGrow: steps }}
            title={name ?? 'not known'}
          >
            {steps > 90 ? name : ''}
          </span>
        ))}
      </div>
    </figure>
  );
}

interface PlotProps {
  readonly title: string;
  readonly history: ToldHistory;
  readonly lines: readonly Line[];
  readonly range?: readonly [number, number];
}

function Plot({ title, history, lines, range }: PlotProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const { current: element } = box;
    if (element === null) return undefined;
    let plot = draw(element);
    const again = (): void => {
      plot.destroy();
      plot = draw(element);
    };
    const resized = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
    resized.observe(element);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', again);
    return () => {
      resized.disconnect();
      dark.removeEventListener('change', again);
      plot.destroy();
    };
  }, [history]);

  function draw(element: HTMLElement): uPlot {
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const now = Math.floor(Date.now() / 1000);
    const count = lines[0]?.values.length ?? 0;
    const times = Array.from({ length: count }, (_, index) => now - (count - 1 - index) * history.stepS);
    const axis = {
      stroke: colour('--soft'),
      grid: { stroke: colour('--grid'), width: 1 },
      ticks: { show: false },
    };
    return new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        cursor: { sync: { key: 'day' }, drag: { x: false, y: false } },
        legend: { live: true },
        scales: { y: range === undefined ? {} : { range: [range[0], range[1]] } },
        axes: [
          { ...axis, values: (_plot, times) => times.map(clockTime) },
          { ...axis, size: 50, space: 22 },
        ],
        series: [
          { value: (_plot, at) => (at === null ? '--' : clockTime(at)) },
          ...lines.map((line) => ({
            label: line.label,
            stroke: colour(line.colour),
            width: 1.5,
            points: { show: false },
          })),
        ],
      },
      [times, ...lines.map(({ values }) => [...values])],
      element,
    );
  }

  return (
    <figure>
      <figcaption>{title}</figcaption>
      <div class="plot" ref={box} />
    </figure>
  );
}

/** "14:05" where the page is. */
function clockTime(at: number): string {
  return new Date(at * 1000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false });
}

function useHistory(id: string): ToldHistory | undefined {
  const [history, setHistory] = useState<ToldHistory>();
  useEffect(() => {
    let isOver = false;
    const load = (): void => {
      fetch(`/api/history/${encodeURIComponent(id)}`)
        .then((answer) => (answer.ok ? (answer.json() as Promise<ToldHistory>) : undefined))
        .then(
          (told) => {
            if (!isOver && told !== undefined) setHistory(told);
          },
          () => undefined, // The banner says that the bridge is away.
        );
    };
    load();
    const timer = setInterval(load, REFRESH_MS);
    return () => {
      isOver = true;
      clearInterval(timer);
    };
  }, [id]);
  return history;
}
