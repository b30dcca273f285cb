import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GatherProgress } from '../../../cli/report/gather-progress.ts';
import { FakeStream } from '../../support/cli/fake-stream.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  vi.stubEnv('CI', undefined);
  vi.stubEnv('NO_COLOR', undefined);
  vi.stubEnv('TERM', 'xterm');
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

function progressOn(isTTY: boolean) {
  const stream = new FakeStream(isTTY, 100);
  const progress = new GatherProgress(stream as unknown as NodeJS.WriteStream);
  return { progress, text: () => stripVTControlCharacters(stream.text) };
}

describe('GatherProgress', () => {
  it.each([
    [140, 'Reading 140 streams for the report\n'],
    [1, 'Reading 1 stream for the report\n'],
  ])('is one line where there is no terminal: %i', (total, line) => {
    const { progress, text } = progressOn(false);
    progress.begin(total, 'for the report');
    progress.add();
    vi.advanceTimersByTime(3000);
    progress.end();
    expect(text()).toBe(line);
  });

  it.each([
    ['TERM', 'dumb'],
    ['CI', 'true'],
    ['NO_COLOR', '1'],
  ])('is one line on a terminal with %s=%s', (variable, value) => {
    vi.stubEnv(variable, value);
    const { progress, text } = progressOn(true);
    progress.begin(2, 'for the report');
    progress.add();
    vi.advanceTimersByTime(3000);
    progress.end();
    expect(text()).toBe('Reading 2 streams for the report\n');
  });

  it('is a bar on a terminal, which counts the time on', () => {
    const { progress, text } = progressOn(true);
    progress.begin(4, 'for the report');
    vi.advanceTimersByTime(3000);
    expect(text()).toContain(` 2.8 s ${'░'.repeat(20)} 0 of 4 streams read`);
    progress.add();
    vi.advanceTimersByTime(500);
    expect(text()).toContain(
      ` 3.3 s ${'█'.repeat(5)}${'░'.repeat(15)} 1 of 4 streams read`,
    );
  });

  it('does not come back for a stream that was still under way', () => {
    const { progress, text } = progressOn(true);
    progress.begin(4, 'for the report');
    progress.end();
    const before = text();
    progress.add();
    vi.advanceTimersByTime(3000);
    expect(text()).toBe(before);
  });
});
