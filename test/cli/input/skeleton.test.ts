import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { skeleton } from '../../../cli/input/skeleton.ts';
import {
  parseRequest,
  REQUEST_FIELDS,
} from '../../../shared/contract/request.ts';

describe('skeleton', () => {
  it('of the input names every field of a request, in its order', () => {
    expect(Object.keys(JSON.parse(skeleton('input')))).toEqual(REQUEST_FIELDS);
  });

  it('of the YAML input is the same request, with comments', () => {
    const yaml = skeleton('yaml-input');

    expect(parse(yaml)).toEqual(JSON.parse(skeleton('input')));
    expect(yaml).toMatch(/^# StreamName or StreamARN.*\nStreamName:/);
  });

  it.each([
    ['KeyId', { KeyId: 'alias/a', KeyIds: undefined, Mode: undefined }],
    ['KeyIds', { KeyIds: ['alias/a', 'alias/b'], KeyId: undefined }],
  ])('becomes a valid request when %s is filled in', (_, keys) => {
    const filled = {
      ...JSON.parse(skeleton('input')),
      StreamName: 'orders',
      StreamARN: undefined,
      Probe: { PartitionKey: 'p', Data: 'AAAA' },
      ...keys,
    };
    const request = JSON.parse(JSON.stringify(filled));

    expect(parseRequest(request)).toMatchObject(request);
  });

  it('of the output is an outcome', () => {
    expect(JSON.parse(skeleton('output'))).toMatchObject({
      Status: 'SUCCEEDED',
      Outcome: 'ROTATED',
      Verification: { EncryptionType: 'KMS' },
      Quota: { Limit: 25, Used: 1, Remaining: 24 },
    });
  });
});
