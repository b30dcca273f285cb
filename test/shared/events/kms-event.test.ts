import { describe, expect, it } from 'vitest';
import { readKmsEvent } from '../../../shared/events/kms-event.ts';
import { sampleEvent } from '../../support/aws/sample-event.ts';

const KEY =
  'arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const Time = '2026-01-12T09:14:31Z';

describe('an event of KMS', () => {
  it('names its key in resources', async () => {
    const event = await sampleEvent('kms-key-deletion');
    expect(readKmsEvent(event)).toEqual({ Time, KeyArn: KEY });
  });

  it.each([
    { resources: [{ accountId: '1' }, { ARN: KEY }] },
    { responseElements: { keyId: KEY } },
    { requestParameters: { keyId: KEY } },
    { requestParameters: { keyId: 'x' }, responseElements: { keyId: KEY } },
  ])('of CloudTrail names it in %j', async (named) => {
    const event = (await sampleEvent('kms-disable-key')) as { detail: object };
    const detail = { ...event.detail, ...named };
    expect(readKmsEvent({ ...event, detail })).toEqual({ Time, KeyArn: KEY });
  });

  it('of CloudTrail may name it by its ID alone', async () => {
    const event = await sampleEvent('kms-disable-key');
    expect(readKmsEvent(event)).toEqual({ Time, KeyArn: undefined });
  });

  it('is of KMS', async () => {
    expect(
      readKmsEvent(await sampleEvent('start-stream-encryption')),
    ).toBeUndefined();
    expect(readKmsEvent({ Streams: [] })).toBeUndefined();
  });
});
