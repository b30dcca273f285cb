import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type Interruption,
  listenForInterruption,
} from '../../cli/interruption.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Signal = (typeof SIGNALS)[number];

let interruption: Interruption;
let listeners: Record<Signal, NodeJS.SignalsListener>;

/** As the process would, but not to the listeners of the test runner. */
const send = (signal: Signal) => listeners[signal](signal);

beforeEach(() => {
  vi.useFakeTimers();
  const before = SIGNALS.flatMap((signal) => process.listeners(signal));
  interruption = listenForInterruption();
  listeners = Object.fromEntries(
    SIGNALS.map((signal) => [
      signal,
      process.listeners(signal).find((one) => !before.includes(one)),
    ]),
  ) as typeof listeners;
});

afterEach(() => {
  for (const signal of SIGNALS) process.off(signal, listeners[signal]);
  vi.useRealTimers();
});

describe('listenForInterruption', () => {
  it('says nothing before there is a signal', () => {
    expect(interruption.signal.aborted).toBe(false);
    expect(interruption.forceQuit.aborted).toBe(false);
    expect(interruption.exitCode()).toBeUndefined();
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('takes %s as the wish to stop', (signal, exitCode) => {
    send(signal);

    expect(interruption.signal.aborted).toBe(true);
    expect(interruption.signal.reason).toBe(signal);
    expect(interruption.exitCode()).toBe(exitCode);
    expect(interruption.forceQuit.aborted).toBe(false);
  });

  it('takes the echo of npm for the same signal', () => {
    send('SIGINT');
    vi.advanceTimersByTime(400);
    send('SIGINT');

    expect(interruption.forceQuit.aborted).toBe(false);
  });

  it('takes a later signal as forceQuit', () => {
    send('SIGINT');
    vi.advanceTimersByTime(600);
    send('SIGTERM');

    expect(interruption.forceQuit.aborted).toBe(true);
    expect(interruption.signal.reason).toBe('SIGINT');
    expect(interruption.exitCode()).toBe(130);
  });
});
