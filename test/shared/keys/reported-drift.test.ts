import { describe, expect, it } from 'vitest';
import type { ListedStream } from '../../../shared/config/swept-streams.ts';
import type { EncryptionCall } from '../../../shared/events/cloudtrail-encryption.ts';
import {
  judgeStop,
  reportedSweep,
} from '../../../shared/keys/reported-drift.ts';
import { emptyEntry, type LedgerEntry } from '../../../shared/ledger/entry.ts';
import { ARN, grant, T0 } from '../../support/ledger/transitions.ts';

const orders: ListedStream = {
  StreamName: 'orders',
  KeyIds: ['alias/a', 'alias/b'],
  OnDrift: 'ALERT',
};
const other: ListedStream = { ...orders, StreamName: 'other' };

const Stop = { RequestId: 'q', At: T0, By: 'arn:aws:iam::123456789012:user/m' };
const stopped: EncryptionCall = {
  Status: 'APPLIED',
  Call: 'StopStreamEncryption',
  StreamARN: ARN,
  ...Stop,
};
const started = (KeyId: string): EncryptionCall => ({
  ...stopped,
  Call: 'StartStreamEncryption',
  KeyId,
});

describe('reportedSweep', () => {
  const of = (call: EncryptionCall) =>
    reportedSweep(call, [other, orders], T0 + 9);

  it('is of the stream of a Stop alone, due when AWS answered', () => {
    expect(of(stopped)).toMatchObject({
      Streams: [orders],
      ScheduledTime: new Date(T0).toISOString(),
      Stop,
    });
  });

  it('is of the stream of a Start, unless the ring names its key', () => {
    expect(of(started('alias/a')).Streams).toEqual([]);
    const outside = of(started('alias/outside'));
    expect(outside.Streams).toEqual([orders]);
    expect(outside).not.toHaveProperty('Stop');
  });

  it('is of no stream outside rotations.yml, and of none that AWS refused', () => {
    expect(reportedSweep(stopped, [other], T0).Streams).toEqual([]);
    const refused: EncryptionCall = {
      Status: 'REFUSED',
      Call: 'StopStreamEncryption',
      ErrorCode: 'ResourceInUseException',
      RequestId: 'q',
    };
    expect(of(refused).Streams).toEqual([]);
  });
});

describe('judgeStop', () => {
  const under = { Drift: 0 as const, Reason: 'is under "alias/a"' };
  const NOW = T0 + 2000;
  const judge = (
    finding: { Drift: 0 | 1 | null; Reason: string },
    status: string,
    entry: LedgerEntry = emptyEntry(ARN),
    stop: typeof Stop | undefined = Stop,
  ) => judgeStop(finding, stop, status, entry, NOW);
  const by = `${Stop.By} called StopStreamEncryption at ${new Date(T0).toISOString()}`;

  it('names the caller of a stream that is not encrypted', () => {
    const finding = { Drift: 1 as const, Reason: 'is not encrypted' };
    expect(judge(finding, 'ACTIVE').Reason).toBe(`is not encrypted; ${by}`);
  });

  it('finds drift while the stream is UPDATING, whatever key it still shows', () => {
    const Reason = `is UPDATING; ${by}`;
    expect(judge(under, 'UPDATING')).toEqual({ Drift: 1, Reason });
    expect(judge({ ...under, Drift: null }, 'UPDATING').Drift).toBe(1);
  });

  it('leaves a stream alone that is ACTIVE under a key of its ring', () => {
    expect(judge(under, 'ACTIVE')).toEqual(under);
  });

  it('says nothing where a later change is known, or a rotation holds the stream', () => {
    const LastApplied = { KeyId: 'alias/a', AppliedAt: T0 + 1 };
    const later = { ...emptyEntry(ARN), LastApplied };
    expect(judge(under, 'UPDATING', later)).toEqual(under);
    const same = { ...emptyEntry(ARN), Stops: [Stop] };
    expect(judge(under, 'UPDATING', same).Drift).toBe(1);
    const { entry } = grant(emptyEntry(ARN), 'r', T0);
    expect(judge(under, 'UPDATING', entry)).toEqual(under);
  });

  it('says nothing of a Start', () => {
    const finding = judgeStop(
      under,
      undefined,
      'UPDATING',
      emptyEntry(ARN),
      NOW,
    );
    expect(finding).toEqual(under);
  });
});
