import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FleetProgress } from '../../../cli/output/fleet-progress.ts';
import type { StreamOutcome } from '../../../shared/fleet/outcome.ts';
import { FakeStream } from '../../support/cli/fake-stream.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const ROTATED: StreamOutcome = {
  StreamName: 'orders',
  Status: 'SUCCEEDED',
  Outcome: 'ROTATED',
};
const FAILED: StreamOutcome = {
  StreamName: 'ads',
  Status: 'FAILED',
  Error: 'UnusableKey',
};

/** Longer than the spinner waits before it draws again. */
const FRAME_MS = 200;

beforeEach(() => {
  vi.useFakeTimers({ now: START });
  vi.stubEnv('CI', undefined);
  vi.stubEnv('NO_COLOR', undefined);
  vi.stubEnv('TERM', 'xterm');
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

function shown(isTTY: boolean): string {
  const stream = new FakeStream(isTTY, 100);
  const progress = new FleetProgress(stream as unknown as NodeJS.WriteStream);
  const steps = [
    () => progress.begin(4, START),
    () => progress.started(START),
    () => progress.started(START + 1000),
    () => progress.ended(ROTATED, START + 8000),
    () => progress.ended(FAILED, START + 9500),
  ];
  for (const step of steps) {
    step();
    vi.advanceTimersByTime(FRAME_MS);
  }
  progress.end();
  return stripVTControlCharacters(stream.text);
}

describe('FleetProgress', () => {
  it('is a line for each stream that has ended where there is no terminal', () => {
    expect(shown(false)).toBe(
      '   8.0 s orders ROTATED, 1 of 4\n   9.5 s ads UnusableKey, 2 of 4\n',
    );
  });

  it('shows the messages of AWS in one line, without control characters', () => {
    const stream = new FakeStream(false, 100);
    const progress = new FleetProgress(stream as unknown as NodeJS.WriteStream);
    progress.begin(1, START);
    progress.ended({ ...FAILED, Error: 'E\u001b[2J\nforged' }, START);
    progress.say('no\u001b[2J\nforged');
    expect(stream.text).toBe(
      '   0.0 s ads E\\u{1b}[2J forged, 1 of 1\nno\\u{1b}[2J forged\n',
    );
  });

  it('is plain lines on a dumb terminal', () => {
    vi.stubEnv('TERM', 'dumb');
    expect(shown(true)).toBe(shown(false));
  });

  it('counts the time on while nothing else happens', () => {
    const stream = new FakeStream(true, 100);
    const progress = new FleetProgress(stream as unknown as NodeJS.WriteStream);
    progress.begin(4, START);
    vi.advanceTimersByTime(3000);
    progress.end();
    const { length } = stream.text;
    vi.advanceTimersByTime(3000);
    expect(stripVTControlCharacters(stream.text)).toContain(' 2.8 s ░');
    expect(stream.text).toHaveLength(length);
  });

  it('is a bar on a terminal, where failures stay', () => {
    const text = shown(true);
    expect(text).toContain(`0.0 s ${'░'.repeat(20)} 0 of 4 streams, 1 running`);
    expect(text).toContain(
      `8.0 s ${'█'.repeat(5)}${'░'.repeat(15)} 1 of 4 streams, 1 running`,
    );
    expect(text).toContain('-    9.5 s ads UnusableKey, 2 of 4\n');
    expect(text).toContain('2 of 4 streams, 0 running, 1 failed');
    expect(text).not.toContain('orders');
  });
});
