import { describe, expect, it } from 'vitest';
import { externalEndpoints } from '../../../local/session/endpoints.ts';

const ALL = 'http://127.0.0.1:4566';
const KMS = 'http://127.0.0.1:8001';

describe('externalEndpoints', () => {
  it.each([
    ['nothing', {}, {}],
    [
      'all services',
      { AWS_ENDPOINT_URL: ALL },
      { KINESIS: ALL, DYNAMODB: ALL, KMS: ALL, CLOUDWATCH: ALL, SFN: ALL },
    ],
    ['one service', { AWS_ENDPOINT_URL_KMS: KMS }, { KMS }],
    [
      'all services and one of them',
      { AWS_ENDPOINT_URL: ALL, AWS_ENDPOINT_URL_KMS: KMS },
      { KINESIS: ALL, DYNAMODB: ALL, KMS, CLOUDWATCH: ALL, SFN: ALL },
    ],
    [
      'nothing, by empty variables',
      { AWS_ENDPOINT_URL: '', AWS_ENDPOINT_URL_KINESIS: '' },
      {},
    ],
    [
      'all services, and one by an empty variable',
      { AWS_ENDPOINT_URL: ALL, AWS_ENDPOINT_URL_DYNAMODB: '' },
      { KINESIS: ALL, DYNAMODB: ALL, KMS: ALL, CLOUDWATCH: ALL, SFN: ALL },
    ],
    ['a service that is not ours', { AWS_ENDPOINT_URL_S3: ALL }, {}],
  ])('reads variables that name %s', (_, env, endpoints) => {
    expect(externalEndpoints(env)).toEqual(endpoints);
  });

  it.each(['nonsense', 'ftp://127.0.0.1', 'http://', '127.0.0.1:4566'])(
    'refuses %j, which is no endpoint, by the name of its variable',
    (text) => {
      for (const variable of ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_KMS']) {
        expect(() => externalEndpoints({ [variable]: text })).toThrow(
          `${variable} "${text}" is not an endpoint; expected a URL such as`,
        );
      }
    },
  );
});
