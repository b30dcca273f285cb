import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { localTime } from '../../../cli/output/local-time.ts';
import { Progress } from '../../../cli/output/progress.ts';
import type { ExecutionEvent } from '../../../local/runner/state-machine.ts';
import { FakeStream } from '../../support/cli/fake-stream.ts';

const START = Date.parse('2026-01-01T00:00:00Z');
const STATES = {
  PlanRotation: {},
  WaitForPropagation: { Seconds: 5 },
  WaitForQuota: { TimestampPath: '$.Reservation.NextAvailableAt' },
};
const PLAN = {
  Decision: 'ROTATE',
  KeyId: 'alias/b',
  Reason: 'the stream is under alias/a',
};

beforeEach(() => {
  vi.useFakeTimers({ now: START });
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

function progressOn({ isTTY = false, columns = 80 } = {}) {
  const stream = new FakeStream(isTTY, columns);
  const progress = new Progress({
    stream: stream as unknown as NodeJS.WriteStream,
    states: STATES,
  });
  const show = (
    type: string,
    state?: ExecutionEvent['state'],
    more: Partial<ExecutionEvent> = {},
  ) => progress.show({ type, timestamp: Date.now(), state, ...more });
  return { stream, progress, show };
}

const task = (name: string, output?: object) => ({
  name,
  type: 'Task',
  output,
});

describe('Progress, where there is no terminal', () => {
  it('writes a line for each state, and one for what it found', () => {
    const { stream, progress, show } = progressOn();
    progress.say('Starting');
    show('ExecutionStarted');
    show('StateEntered', task('PlanRotation'));
    vi.advanceTimersByTime(1_250);
    show('StateExited', task('PlanRotation', { Plan: PLAN }));
    show('StateEntered', {
      name: 'WaitForPropagation',
      type: 'Wait',
      input: {},
    });
    vi.advanceTimersByTime(98_800);
    show('StateExited', {
      name: 'WaitForPropagation',
      type: 'Wait',
      output: { Plan: PLAN },
    });
    show('ExecutionSucceeded');
    progress.end();

    expect(stream.text.split('\n')).toEqual([
      'Starting',
      '   0.0 s PlanRotation',
      '   1.3 s   ROTATE alias/b, the stream is under alias/a',
      '   1.3 s WaitForPropagation 5 s',
      '',
    ]);
  });

  it.each([
    ['PlanRotation', {}, 'ROTATE alias/b, the stream is under alias/a'],
    ['ReserveQuota', { Reservation: { Status: 'GRANTED' } }, 'GRANTED'],
    [
      'StartEncryption',
      { Start: { Status: 'STARTED', RequestId: 'r-1' } },
      'STARTED, request r-1',
    ],
    [
      'StartEncryption',
      { Start: { Status: 'THROTTLED', Cause: 'too fast' } },
      'THROTTLED, too fast',
    ],
    ['StartEncryption', { Start: { Status: 'LEASE_LOST' } }, 'LEASE_LOST'],
    [
      'DescribeStream',
      { Description: { Status: 'ACTIVE', KeyId: 'alias/b' } },
      'ACTIVE, KeyId alias/b',
    ],
    [
      'VerifyEncryption',
      {
        Verification: {
          EncryptionType: 'KMS',
          ShardId: 'shardId-0',
          SequenceNumber: '495',
        },
      },
      'EncryptionType KMS, shardId-0, record 495',
    ],
    ['WatchAlarms', { Bake: { Status: 'CLEAR' } }, 'CLEAR'],
  ])('says what %s found', (name, found, said) => {
    const { stream, show } = progressOn();
    show('StateExited', task(name, { Plan: PLAN, ...found }));

    expect(stream.text).toBe(`   0.0 s   ${said}\n`);
  });

  it.each([
    [
      'a stream that is still UPDATING',
      'DescribeStream',
      { Description: { Status: 'UPDATING' } },
    ],
    ['a state that decides', 'IsRotationNeeded', {}],
    ['a failure', 'ReserveQuota', { Failure: { Error: 'E', Cause: 'c' } }],
  ])('says nothing more of %s', (_, name, found) => {
    const { stream, show } = progressOn();
    show('StateExited', task(name, { Plan: PLAN, ...found }));

    expect(stream.text).toBe('');
  });

  it('says what failed, and what is tried again', () => {
    const { stream, show } = progressOn();
    show('StateFailed', task('ReserveQuota'), { Error: 'LedgerContended' });
    show('StateRetried', task('ReserveQuota'), { retry: { attempt: 1 } });
    show('StateFailed', { name: 'RotationFailed', type: 'Fail' });

    expect(stream.text).toBe(
      '   0.0 s ReserveQuota failed: LedgerContended\n' +
        '   0.0 s ReserveQuota again, attempt 2\n',
    );
  });

  it('says when a long wait will end', () => {
    const { stream, show } = progressOn();
    const NextAvailableAt = '2026-01-01T12:00:00Z';
    show('StateEntered', {
      name: 'WaitForQuota',
      type: 'Wait',
      input: { Reservation: { NextAvailableAt } },
    });
    const end = localTime(NextAvailableAt);

    expect(stream.text).toBe(`   0.0 s WaitForQuota 720 min, until ${end}\n`);
  });

  it('shows the messages of AWS in one line, without control characters', () => {
    const { stream, progress, show } = progressOn();
    const Cause = 'no\u001b[2J\nforged';
    const Start = { Status: 'THROTTLED', Cause };
    show('StateExited', task('StartEncryption', { Plan: PLAN, Start }));
    show('StateFailed', task('ReserveQuota'), { Error: Cause });
    progress.say(Cause);

    expect(stream.text).toBe(
      '   0.0 s   THROTTLED, no\\u{1b}[2J forged\n' +
        '   0.0 s ReserveQuota failed: no\\u{1b}[2J forged\n' +
        'no\\u{1b}[2J forged\n',
    );
  });

  it('takes a terminal of no width for none', () => {
    const { stream, progress, show } = progressOn({ isTTY: true, columns: 0 });
    show('StateEntered', task('PlanRotation'));
    vi.advanceTimersByTime(10_000);
    progress.end();

    expect(stream.text).toBe('   0.0 s PlanRotation\n');
  });
});

describe('Progress on a terminal', () => {
  beforeEach(() => {
    vi.stubEnv('CI', undefined);
    vi.stubEnv('NO_COLOR', undefined);
    vi.stubEnv('TERM', 'xterm');
  });

  it.each([
    ['TERM', 'dumb'],
    ['CI', 'true'],
    ['NO_COLOR', '1'],
  ])('is plain lines with %s=%s', (name, value) => {
    vi.stubEnv(name, value);
    const { stream, progress, show } = progressOn({ isTTY: true });
    show('StateEntered', task('PlanRotation'));
    show('StateExited', task('PlanRotation', { Plan: PLAN }));
    show('StateEntered', task('ReserveQuota'));
    progress.end();

    expect(stream.text).toBe(
      [
        '   0.0 s PlanRotation',
        '   0.0 s   ROTATE alias/b, the stream is under alias/a',
        '   0.0 s ReserveQuota',
        '',
      ].join('\n'),
    );
  });

  it('counts a wait down, and is silent after its end', () => {
    const { stream, progress, show } = progressOn({ isTTY: true });
    show('StateEntered', {
      name: 'WaitForPropagation',
      type: 'Wait',
      input: {},
    });
    vi.advanceTimersByTime(6_000);
    progress.end();
    const shown = stripVTControlCharacters(stream.text);
    const counted = [...shown.matchAll(/WaitForPropagation (\d+) s/g)].map(
      ([, seconds]) => seconds,
    );

    expect([...new Set(counted)]).toEqual(['5', '4', '3', '2', '1', '0']);
    const length = stream.text.length;
    vi.advanceTimersByTime(60_000);
    expect(stream.text).toHaveLength(length);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps what a state found', () => {
    const { stream, progress, show } = progressOn({ isTTY: true });
    show('StateEntered', task('ReserveQuota'));
    show(
      'StateExited',
      task('ReserveQuota', { Plan: PLAN, Reservation: { Status: 'GRANTED' } }),
    );
    progress.end();

    expect(stripVTControlCharacters(stream.text)).toContain(
      '-    0.0 s ReserveQuota: GRANTED\n',
    );
  });
});
