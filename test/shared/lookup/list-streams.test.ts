import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type Input,
  type JsonService,
  ServiceError,
  startJsonService,
} from '../../../local/services/json-service.ts';
import { listStreams } from '../../../shared/lookup/list-streams.ts';
import { kinesisAt } from '../../support/local/connected-clients.ts';

const unpaced = <Argument, Result>(
  call: (argument: Argument) => Promise<Result>,
) => call;

/** A Kinesis with this operation and no others. */
async function listingKinesis(
  ListStreams: NonNullable<JsonService['operations'][string]>,
) {
  const name = { name: 'Kinesis', target: 'Kinesis_20131202' };
  const service = {
    ...name,
    version: '1.1' as const,
    operations: { ListStreams },
  };
  const { endpoint, close } = await startJsonService(service, 0);
  onTestFinished(close);
  return kinesisAt(endpoint);
}

describe('listStreams', () => {
  it.each([
    ['the token of AWS', { NextToken: 'second' }, { NextToken: 'second' }],
    ['the last name without a token', {}, { ExclusiveStartStreamName: 'a' }],
  ])('goes on with %s', async (_name, answered, next) => {
    const asked: Input[] = [];
    const kinesis = await listingKinesis((input) =>
      asked.push(input) === 1
        ? { StreamNames: ['a'], HasMoreStreams: true, ...answered }
        : { StreamNames: ['b'], HasMoreStreams: false },
    );
    expect(await listStreams(kinesis, unpaced)).toMatchObject([
      { StreamName: 'a' },
      { StreamName: 'b' },
    ]);
    expect(asked).toEqual([{}, next]);
  });

  it('fails when a later page is denied', async () => {
    const kinesis = await listingKinesis(({ NextToken }) => {
      if (NextToken) throw new ServiceError('AccessDeniedException', 'no');
      return { StreamNames: ['a'], HasMoreStreams: true, NextToken: 'second' };
    });
    await expect(listStreams(kinesis, unpaced)).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
  });

  it('paces its calls', async () => {
    const kinesis = await listingKinesis(({ NextToken }) =>
      NextToken
        ? { StreamNames: ['b'], HasMoreStreams: false }
        : { StreamNames: ['a'], HasMoreStreams: true, NextToken: 'second' },
    );
    const paces: number[] = [];
    await listStreams(kinesis, (call, perSecond) => (argument) => {
      paces.push(perSecond);
      return call(argument);
    });
    expect(paces).toEqual([5, 5]);
  });
});
