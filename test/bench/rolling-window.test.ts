import { expect, it } from 'vitest';
import { mostInWindow } from '../../bench/rolling-window.ts';

it.each([
  ['none', [], 0],
  ['one', [5], 1],
  ['the ends of a window, which are not both in it', [0, 10], 1],
  ['what is just inside', [0, 9.9], 2],
  ['the fullest of several, in any order', [30, 0, 22, 25, 50, 31], 4],
])('finds %s', (_, times, most) => {
  expect(mostInWindow(times, 10)).toBe(most);
});
