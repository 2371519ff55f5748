import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import { listen, type Serving, servePty } from '../../src/simulator/line/serve.ts';
import { buildDevice } from '../../src/simulator/plant/build.ts';
import { loadScenario } from '../../src/simulator/trials/scenario.ts';
import { TARGETS, type Target } from '../../tools/pack/targets.ts';
import { release } from '../../tools/release.ts';
import { ROOT } from './packages.ts';
import { expect, type GxTest } from './runner.ts';
import { must } from './shell.ts';

/** The emulator for each architecture, and where Debian's cross libraries for it are. */
const MACHINES: Readonly<Record<Target['architecture'], { emulator: string; libraries: string }>> = {
  armv7: { emulator: 'qemu-arm-static', libraries: '/usr/arm-linux-gnueabihf/lib' },
  aarch64: { emulator: 'qemu-aarch64-static', libraries: '/usr/aarch64-linux-gnu/lib' },
};

/** The archives as they are published, unpacked and run by an emulator with the packaged runtime. */
export function emulatedTests(work: string): readonly GxTest[] {
  const archives = join(work, 'release');
  return [
    {
      name: 'release makes all archives, each within its marks',
      async run() {
        expect(await release(archives), 'an archive misses its mark');
        await must('sh', '-c', `cd ${archives} && sha256sum -c SHA256SUMS`);
      },
    },
    ...TARGETS.flatMap((target) => testsOf(target)),
  ];

  function testsOf(target: Target): readonly GxTest[] {
    const { architecture } = target;
    const sysroot = join(work, `sysroot-${architecture}`);

    /** Only the libraries that every device has: what else the runtime needs would be missed here. */
    async function program(): Promise<string> {
      const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
        version: string;
      };
      const folder = join(work, architecture);
      await mkdir(folder, { recursive: true });
      await must('tar', '-xzf', join(archives, `dbus-bms-${version}-${architecture}.tar.gz`), '-C', folder);
      await mkdir(join(sysroot, 'lib'), { recursive: true });
      for (const library of target.libraries) {
        await copyFile(join(MACHINES[architecture].libraries, library), join(sysroot, 'lib', library));
      }
      return join(folder, `dbus-bms-${version}`);
    }

    async function run(...args: string[]): Promise<string> {
      const folder = await program();
      const node = [
        join(folder, 'node'),
        '--max-old-space-size=64',
        '--optimize-for-size',
        '--no-opt',
        '--v8-pool-size=1',
      ];
      return must(
        MACHINES[architecture].emulator,
        '-L',
        sysroot,
        ...node,
        join(folder, 'loader.cjs'),
        ...args,
      );
    }

    async function readsFrom(
      serve: (device: Awaited<ReturnType<typeof buildDevice>>) => Promise<Serving>,
    ): Promise<string> {
      const battery = await buildDevice('jbd', loadScenario('idle'), systemClock, {});
      const serving = await serve(battery);
      try {
        const reading: unknown = JSON.parse(await run('read', serving.path, '--json'));
        const isReading =
          typeof reading === 'object' && reading !== null && 'voltage' in reading && 'soc' in reading;
        expect(isReading, `not a reading: ${JSON.stringify(reading)}`);
        return `${String(reading.voltage)} V, ${String(reading.soc)} %`;
      } finally {
        await serving.close();
        battery.close();
      }
    }

    return [
      {
        name: `${architecture}: every file of the package is what its checksum says`,
        run: async () =>
          must('sh', '-c', `cd ${await program()} && sha256sum -c --quiet SHA256SUMS`).then(() => undefined),
      },
      {
        name: `${architecture}: the packaged runtime starts the program, with no library beyond those of every device`,
        run: async () => `version ${(await run('--version')).trim()}`,
      },
      {
        name: `${architecture}: reads a battery over TCP`,
        run: () => readsFrom((battery) => listen(battery, { port: 0 })),
      },
      {
        name: `${architecture}: reads a battery on a serial port through the packaged binding`,
        run: () => readsFrom((battery) => servePty(battery)),
      },
    ];
  }
}
