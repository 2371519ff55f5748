import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    reporters: ['default', './tools/reporter.ts'],
    maxWorkers: 2,
    globalSetup: './test/support/global-setup.ts',
    testTimeout: 60_000,
    hookTimeout: 20_000,
    coverage: {
      provider: 'v8',
      include: ['src/model/**', 'src/protocol/**', 'src/control/**', 'src/bms/**'],
    },
  },
});
