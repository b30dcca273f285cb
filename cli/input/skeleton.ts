import { stringify } from 'yaml';
import type { Success } from '../../shared/contract/outcome.ts';
import { REQUEST_FIELD_TEXTS } from '../../shared/contract/request-fields.ts';

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

/** The output of --generate-cli-skeleton, as in the AWS CLI. */
export function skeleton(kind: Skeleton): string {
  if (kind === 'output') return JSON.stringify(OUTCOME, null, 4);
  const fields = Object.entries(REQUEST_FIELD_TEXTS);
  if (kind === 'input') {
    const request = fields.map(([field, texts]) => [field, texts.placeholder]);
    return JSON.stringify(Object.fromEntries(request), null, 4);
  }
  return fields
    .map(([field, { placeholder, comment }]) => {
      const yaml = stringify({ [field]: placeholder });
      return comment ? `# ${comment}\n${yaml}` : yaml;
    })
    .join('')
    .trimEnd();
}
