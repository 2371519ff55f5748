import type { ToldBattery } from '../output/web/told.ts';
import { AlarmList } from './alarm-list.tsx';
import { flow, quantity } from './format.ts';
import type { Group } from './house.ts';

/** One line a battery, the packs of a bank below it. */
export function Overview({ groups }: { groups: readonly Group[] }) {
  return (
    <>
      <header class="top">
        <h1>Batteries</h1>
        <a href="#/installer">For the installer</a>
      </header>
      <ul class="list">
        {groups.map(({ head, packs }) => (
          <li key={head.id}>
            <Row battery={head} />
            {packs.length > 0 && (
              <ul class="list packs">
                {packs.map((pack) => (
                  <li key={pack.id}>
                    <Row battery={pack} />
                  </li>
                ))}
              </ul>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}

function Row({ battery }: { battery: ToldBattery }) {
  const { alarms, current, id, link, name, online, power, soc, voltage } = battery;
  return (
    <a class={online ? 'row' : 'row silent'} href={`#/${encodeURIComponent(id)}`}>
      <span class="name">{name}</span>
      <span class="soc">
        <meter min={0} max={100} value={soc ?? 0} aria-hidden="true" />
        <b>{quantity(soc, 0, '%')}</b>
      </span>
      <span class="number">{quantity(voltage, 2, 'V')}</span>
      <span class="number">{quantity(current, 1, 'A')}</span>
      <span class="number">{quantity(power, 0, 'W')}</span>
      <span class="state">{online ? flow(current) : link}</span>
      {alarms.length > 0 && <AlarmList alarms={alarms} />}
    </a>
  );
}
