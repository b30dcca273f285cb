import type { KeyPlan, StartedState } from '../../shared/rotation/state.ts';

const STREAM_ARN =
  'arn:aws:kinesis:us-east-1:123456789012:stream/unlisted-stream';
const ROTATION_ID =
  'arn:aws:states:us-east-1:123456789012:execution:rotate-stream:one';
const STARTED_AT = '2026-11-01T00:00:00.000Z';

const keyArn = (digit: number) =>
  `arn:aws:kms:us-east-1:123456789012:key/${'00000000-0000-0000-0000-00000000000'}${digit}`;

const Plan: KeyPlan = {
  RotationId: ROTATION_ID,
  StartedAt: STARTED_AT,
  StreamName: 'unlisted-stream',
  StreamARN: STREAM_ARN,
  EncryptionType: 'KMS',
  Reason: '',
  WaitSeconds: 5,
  OnQuotaExhausted: 'FAIL',
  QuotaDeadline: STARTED_AT,
  OnVerificationFailed: 'ROLL_BACK',
  Decision: 'ROTATE',
  KeyId: 'alias/b',
  KeyArn: keyArn(2),
  PreviousKeyId: 'alias/a',
  PreviousKeyArn: keyArn(1),
  LastAppliedAt: null,
  KeepSlotForRollback: true,
};

const state: StartedState = {
  Plan,
  Reservation: {
    Status: 'GRANTED',
    SlotId: 1,
    LeaseExpiresAt: STARTED_AT,
  },
  Start: {
    Status: 'STARTED',
    Throttled: 0,
    LimitExceeded: 0,
    Unanswered: 0,
    StartedAt: STARTED_AT,
    SlotId: 1,
    RequestId: 'start',
  },
  Description: {
    Status: 'ACTIVE',
    StreamStatus: 'ACTIVE',
    KeyId: 'alias/b',
    WaitSeconds: 5,
    SawUpdating: true,
    ActiveAt: STARTED_AT,
  },
  Verification: {
    ShardId: 'shardId-000000000000',
    SequenceNumber: '1',
    EncryptionType: 'KMS',
    VerifiedAt: STARTED_AT,
  },
};

/** What the functions of a rotation that goes well get, in their order. */
export const ROTATION_EVENTS: Readonly<Record<string, unknown>> = {
  PlanRotation: {
    Request: { StreamName: 'unlisted-stream', KeyId: 'alias/b' },
    RotationId: ROTATION_ID,
    StartedAt: STARTED_AT,
  },
  ReserveQuota: { Plan },
  StartEncryption: { Plan, Reservation: state.Reservation },
  DescribeStream: state,
  VerifyEncryption: state,
  CompleteRotation: state,
};
