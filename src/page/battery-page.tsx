import type { ToldBattery } from '../output/web/told.ts';
import { AlarmList } from './alarm-list.tsx';
import { Cells } from './cells.tsx';
import { DayPlots } from './day-plots.tsx';
import { duration, flow, NONE, quantity } from './format.ts';

/** One battery: what flows, what limits it and why, cells, temperatures, alarms, the last day. */
export function BatteryPage({ battery, isAlone }: { battery: ToldBattery; isAlone: boolean }) {
  const { alarms, link, name, online } = battery;
  return (
    <>
      <header class="top">
        <h1>{name}</h1>
        <nav>
          {!isAlone && <a href="#/">All batteries</a>} <a href="#/installer">For the installer</a>
        </nav>
      </header>
      <p class={online ? 'link' : 'link silent'} role="status">
        {online ? link : `No value: ${link}`}
      </p>
      {alarms.length > 0 && <AlarmList alarms={alarms} />}
      <Now battery={battery} />
      <Limits battery={battery} />
      <Cells battery={battery} />
      <Temperatures battery={battery} />
      <DayPlots id={battery.id} />
    </>
  );
}

function Now({ battery }: { battery: ToldBattery }) {
  const { capacity, current, power, remaining, soc, soh, voltage } = battery;
  const state = flow(current);
  return (
    <section class="now" aria-label="Now">
      <div class="big">
        <span class="label">State of charge</span>
        <b>{quantity(soc, soc !== undefined && soc < 99.95 && soc % 1 !== 0 ? 1 : 0, '%')}</b>
        <meter min={0} max={100} value={soc ?? 0} aria-hidden="true" />
      </div>
      <Figure label="Voltage" value={quantity(voltage, 2, 'V')} />
      <Figure label={state === '' ? 'Current' : `Current, ${state}`} value={quantity(current, 1, 'A')} />
      <Figure label="Power" value={quantity(power, 0, 'W')} />
      <Figure
        label="Remaining"
        value={
          remaining === undefined
            ? NONE
            : `${remaining.toFixed(0)} ${capacity === undefined ? '' : `of ${capacity.toFixed(0)} `}Ah`
        }
      />
      <Figure label="State of health" value={quantity(soh, 0, '%')} />
    </section>
  );
}

function Figure({ label, value }: { label: string; value: string }) {
  return (
    <div class="figure">
      <span class="label">{label}</span>
      <b>{value}</b>
    </div>
  );
}

function Limits({ battery }: { battery: ToldBattery }) {
  const { limits } = battery;
  const rows = [
    ['Charge voltage', 'CVL', quantity(limits.cvl, 2, 'V'), limits.mode],
    ['Charge current', 'CCL', quantity(limits.ccl, 1, 'A'), limits.chargeReason],
    ['Discharge current', 'DCL', quantity(limits.dcl, 1, 'A'), limits.dischargeReason],
  ] as const;
  return (
    <section aria-label="Limits">
      <h2>Limits</h2>
      <table class="limits">
        <tbody>
          {rows.map(([name, short, value, reason]) => (
            <tr key={short}>
              <th scope="row">
                {name} <abbr>{short}</abbr>
              </th>
              <td class="number">{value}</td>
              <td>{reason ?? NONE}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Temperatures({ battery }: { battery: ToldBattery }) {
  const { silentS, temperatures } = battery;
  return (
    <section aria-label="Temperatures">
      <h2>Temperatures</h2>
      {temperatures.length === 0 ? (
        <p class="none">none is known now</p>
      ) : (
        <ol class="sensors">
          {temperatures.map((degrees, index) => (
            <li key={index}>
              <span class="label">{index + 1}</span> {quantity(degrees, 1, '°C')}
            </li>
          ))}
        </ol>
      )}
      {silentS !== undefined && <p class="age">last answer {duration(silentS)} ago</p>}
    </section>
  );
}
