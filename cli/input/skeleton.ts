import { stringify } from 'yaml';
import type { Success } from '../../shared/contract/outcome.ts';

/** A request with every field, to be edited; see `docs/request.md`. */
const REQUEST = {
  StreamName: '',
  StreamARN: '',
  EncryptionType: 'KMS',
  KeyId: '',
  KeyIds: ['', ''],
  Mode: 'ROTATE',
  OnQuotaExhausted: 'FAIL',
  Force: false,
  UnlessAppliedSince: '9999-12-31T23:59:59Z',
  OnVerificationFailed: 'ROLL_BACK',
  KeepSlotForRollback: false,
  Probe: { PartitionKey: '', Data: '' },
  Trigger: { Source: 'manual' },
};

const COMMENTS: Record<keyof typeof REQUEST, string> = {
  StreamName: 'StreamName or StreamARN; both must agree',
  StreamARN: '',
  EncryptionType: 'the only one is KMS',
  KeyId: 'KeyId for one key, or KeyIds for a ring; not both',
  KeyIds: '',
  Mode: 'with KeyIds: ROTATE or RESTORE',
  OnQuotaExhausted: 'FAIL or WAIT',
  Force: 'apply the key even if the stream already has it',
  UnlessAppliedSince: 'do nothing where a key was applied since then',
  OnVerificationFailed: 'ROLL_BACK or KEEP',
  KeepSlotForRollback: 'take two slots, the second to roll back with',
  Probe: 'instead of the default probe; Data in base64',
  Trigger: 'Source: schedule, manual or alarm',
};

const OUTCOME: Success = {
  Status: 'SUCCEEDED',
  Outcome: 'ROTATED',
  RotationId: 'RotationId',
  StreamName: 'StreamName',
  StreamARN: 'StreamARN',
  EncryptionType: 'KMS',
  KeyId: 'KeyId',
  KeyArn: 'KeyArn',
  PreviousKeyId: 'PreviousKeyId',
  StartedAt: '1970-01-01T00:00:00.000Z',
  ActiveAt: '1970-01-01T00:00:00.000Z',
  VerifiedAt: '1970-01-01T00:00:00.000Z',
  Verification: {
    ShardId: 'ShardId',
    SequenceNumber: 'SequenceNumber',
    EncryptionType: 'KMS',
  },
  Quota: { Limit: 25, Used: 1, Remaining: 24, NextAvailableAt: null },
};

export const SKELETONS = ['input', 'yaml-input', 'output'] as const;
export type Skeleton = (typeof SKELETONS)[number];

/** What --generate-cli-skeleton prints, as in the AWS CLI. */
export function skeleton(kind: Skeleton): string {
  if (kind === 'output') return JSON.stringify(OUTCOME, null, 4);
  if (kind === 'input') return JSON.stringify(REQUEST, null, 4);
  return Object.entries(REQUEST)
    .map(([field, value]) => {
      const comment = COMMENTS[field as keyof typeof REQUEST];
      const yaml = stringify({ [field]: value });
      return comment ? `# ${comment}\n${yaml}` : yaml;
    })
    .join('')
    .trimEnd();
}
