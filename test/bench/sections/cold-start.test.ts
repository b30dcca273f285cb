import { expect, it } from 'vitest';
import { bytesByPackage } from '../../../bench/sections/cold-start.ts';

it('adds up the bytes of each package, the innermost of a path', () => {
  const bytes = (bytesInOutput: number) => ({ bytesInOutput });
  expect(
    bytesByPackage({
      code: '',
      inputs: {
        'functions/plan-rotation.ts': bytes(3),
        'shared/rotation/plan.ts': bytes(4),
        'node_modules/valibot/dist/index.mjs': bytes(5),
        'node_modules/@smithy/core/a.js': bytes(20),
        'node_modules/x/node_modules/@smithy/core/b.js': bytes(1),
      },
    }),
  ).toEqual([
    ['@smithy/core', 21],
    ['this project', 7],
    ['valibot', 5],
  ]);
});
