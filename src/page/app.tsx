import { useEffect, useState } from 'preact/hooks';
import type { ToldBattery, ToldChange } from '../output/web/told.ts';
import { BatteryPage } from './battery-page.tsx';
import { duration } from './format.ts';
import { changed, EMPTY, forgotten, groups, type House, isLost } from './house.ts';
import { Installer } from './installer.tsx';
import { Overview } from './overview.tsx';

/** How often the page looks whether the bridge still speaks, ms. */
const LOOK_MS = 500;

/** The whole page: one battery at once, several as a list. */
export function App() {
  const house = useHouse();
  const now = useNow(LOOK_MS);
  const route = useRoute();
  const lost = isLost(house, now);
  const batteries = lost ? house.batteries.map(forgotten) : house.batteries;
  return (
    <>
      <Banner house={house} lost={lost} now={now} />
      <main>{content(batteries, route, house.heardAt !== undefined)}</main>
    </>
  );
}

function content(batteries: readonly ToldBattery[], route: string, isKnown: boolean) {
  if (route === 'installer') return <Installer batteries={batteries} />;
  const all = groups(batteries);
  const chosen = batteries.find(({ id }) => id === route);
  const [only, ...others] = all;
  const shown = chosen ?? (others.length === 0 && only?.packs.length === 0 ? only.head : undefined);
  if (shown !== undefined)
    return <BatteryPage battery={shown} key={shown.id} isAlone={batteries.length === 1} />;
  if (all.length > 0) return <Overview groups={all} />;
  return (
    <p class="wait">{isKnown ? 'There is no battery on this device yet.' : 'Waiting for the bridge ...'}</p>
  );
}

function Banner({ house, lost, now }: { house: House; lost: boolean; now: number }) {
  const { heardAt } = house;
  const text =
    lost && heardAt !== undefined
      ? `No connection to the bridge for ${duration((now - heardAt) / 1000)}. No value is shown until it is back.`
      : '';
  return (
    <div class="banner" role="status" aria-live="polite" hidden={text === ''}>
      {text}
    </div>
  );
}

function useHouse(): House {
  const [house, setHouse] = useState(EMPTY);
  useEffect(() => {
    const source = new EventSource('/events');
    source.addEventListener('batteries', ({ data }: MessageEvent<string>) => {
      const change = JSON.parse(data) as ToldChange; // By the server of this page.
      setHouse((before) => changed(before, change, performance.now()));
    });
    source.addEventListener('tick', () => {
      setHouse((before) => ({ ...before, heardAt: performance.now() }));
    });
    return () => source.close();
  }, []);
  return house;
}

function useNow(everyMs: number): number {
  const [now, setNow] = useState(performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** The part of the address behind "#/": the id of a battery, or "installer". */
function useRoute(): string {
  const read = (): string => decodeURIComponent(location.hash.replace(/^#\/?/, ''));
  const [route, setRoute] = useState(read);
  useEffect(() => {
    const follow = (): void => setRoute(read());
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return route;
}
