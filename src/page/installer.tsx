import { useEffect, useState } from 'preact/hooks';
import type { ToldAbout, ToldBattery } from '../output/web/told.ts';

/** Versions, what each battery is, and the end of the logs. */
export function Installer({ batteries }: { batteries: readonly ToldBattery[] }) {
  const about = useAbout();
  return (
    <>
      <header class="top">
        <h1>For the installer</h1>
        <a href="#/">Batteries</a>
      </header>
      <p>{about === undefined ? 'asking the bridge' : `dbus-bms ${about.version} on ${about.host}`}</p>
      {batteries.map(({ cycles, facts, id, link, name }) => (
        <section key={id} aria-label={name}>
          <h2>{name}</h2>
          <dl class="facts wide">
            {[
              ...facts,
              ['link', link] as const,
              ...(cycles === undefined ? [] : [['cycles', String(cycles)] as const]),
            ].map(([key, value]) => (
              <div key={key}>
                <dt>{key}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
      {about?.logs.map(({ lines, service }) => (
        <section key={service} aria-label={`Log of ${service}`}>
          <h2>Log of {service}</h2>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard too */}
          <pre class="log" tabIndex={0}>
            {lines.join('\n')}
          </pre>
        </section>
      ))}
    </>
  );
}

function useAbout(): ToldAbout | undefined {
  const [about, setAbout] = useState<ToldAbout>();
  useEffect(() => {
    fetch('/api/about')
      .then((answer) => (answer.ok ? (answer.json() as Promise<ToldAbout>) : undefined))
      .then(setAbout, () => undefined); // The banner says that the bridge is away.
  }, []);
  return about;
}
