import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { keyState } from '../../../cli/keys/key-state.ts';
import { kmsKey } from '../../support/aws/kms-key.ts';
import { kmsAt } from '../../support/local/connected-clients.ts';
import { listen } from '../../support/local/listen.ts';

/** Seconds since the epoch, as KMS sends them. */
const CREATED = 1_767_225_600;
const TRACKED = CREATED + 86_400;
const USED = CREATED + 2 * 86_400;
const ms = (seconds: number) => seconds * 1000;

it.each<[string, object, object]>([
  [
    'a use',
    {
      KeyLastUsage: {
        Timestamp: USED,
        Operation: 'Decrypt',
        CloudTrailEventId: 'event',
      },
      TrackingStartDate: CREATED,
      KeyCreationDate: CREATED,
    },
    { status: 'USED', at: ms(USED), operation: 'Decrypt', eventId: 'event' },
  ],
  [
    'no use in the life of the key',
    { TrackingStartDate: CREATED, KeyCreationDate: CREATED },
    { status: 'NOT_SINCE', since: ms(CREATED), isWholeLife: true },
  ],
  [
    'no use since KMS records it',
    { TrackingStartDate: TRACKED, KeyCreationDate: CREATED },
    { status: 'NOT_SINCE', since: ms(TRACKED), isWholeLife: false },
  ],
  ['nothing', {}, { status: 'NOT_KNOWN', reason: 'KMS did not answer it' }],
])('reads %s from what KMS answers', async (_, answer, lastUsage) => {
  const endpoint = await listen(
    createServer((_request, response) => response.end(JSON.stringify(answer))),
  );
  const state = await keyState(kmsAt(endpoint), {
    KeyId: 'alias/a',
    Metadata: kmsKey(1),
  });
  expect(state.lastUsage).toEqual(lastUsage);
});
