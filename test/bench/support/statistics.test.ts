import { expect, it } from 'vitest';
import { mostInWindow, noticedAt } from '../../../bench/support/statistics.ts';

it('the first poll at or after the end of an update notices it', () => {
  expect(noticedAt([0, 1, 1, 3], 1.5)).toBe(2);
  expect(noticedAt([0, 1, 1, 3], 2)).toBe(2);
  expect(noticedAt([0, 1, 1, 3], 2.1)).toBe(5);
  expect(noticedAt([0, 1], 0)).toBe(0);
});

it.each([
  ['no time', [], 0],
  ['one time', [5], 1],
  ['one of the two ends of a window', [0, 10], 1],
  ['two times just inside', [0, 9.9], 2],
  ['the most of several, in any order', [30, 0, 22, 25, 50, 31], 4],
])('the fullest window has %s', (_, times, most) => {
  expect(mostInWindow(times, 10)).toBe(most);
});
