import type { ToldAlarm } from '../output/web/told.ts';
import { duration } from './format.ts';

/** The alarms that are raised, each with how long it has been. */
export function AlarmList({ alarms }: { alarms: readonly ToldAlarm[] }) {
  return (
    <span class="alarms">
      {alarms.map(({ forS, level, name }) => (
        <span key={name} class={level === 2 ? 'alarm' : 'alarm warning'}>
          {level === 2 ? 'Alarm' : 'Warning'}: {name}, for {duration(forS)}
        </span>
      ))}
    </span>
  );
}
