import { expect, it } from 'vitest';
import { mostInWindow, noticedAt } from '../../../bench/support/statistics.ts';

it('an update is noticed by the first look that is not before its end', () => {
  expect(noticedAt([0, 1, 1, 3], 1.5)).toBe(2);
  expect(noticedAt([0, 1, 1, 3], 2)).toBe(2);
  expect(noticedAt([0, 1, 1, 3], 2.1)).toBe(5);
  expect(noticedAt([0, 1], 0)).toBe(0);
});

it.each([
  ['none', [], 0],
  ['one', [5], 1],
  ['the ends of a window, which are not both in it', [0, 10], 1],
  ['what is just inside', [0, 9.9], 2],
  ['the fullest of several, in any order', [30, 0, 22, 25, 50, 31], 4],
])('finds %s', (_, times, most) => {
  expect(mostInWindow(times, 10)).toBe(most);
});
