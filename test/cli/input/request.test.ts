import { describe, expect, it } from 'vitest';
import { chosenRequest } from '../../../cli/input/request.ts';
import type { RequestFlags } from '../../../cli/input/request-flags.ts';
import { RotationsFileError } from '../../../shared/config/rotations-file.ts';
import type { RotationsStream } from '../../../shared/config/rotations-stream.ts';

const ORDERS: RotationsStream = {
  StreamName: 'orders',
  KeyIds: ['alias/a', 'alias/b'],
  OnQuotaExhausted: 'WAIT',
  KeepSlotForRollback: true,
  Probe: { PartitionKey: 'p', Data: 'e30=' },
  Schedule: 'rate(90 days)',
};
const PAYMENTS = { StreamName: 'payments', KeyIds: ['alias/c', 'alias/d'] };
const ARN = 'arn:aws:kinesis:us-east-1:111122223333:stream/orders';
const Trigger = { Source: 'manual' };
const { KeyIds, Schedule: _, ...ofOrders } = ORDERS;

const choose = (flags: RequestFlags) =>
  chosenRequest(flags, { rotations: async () => [PAYMENTS, ORDERS] });
const withoutFile = (flags: RequestFlags) =>
  chosenRequest(flags, {
    rotations: async () => {
      throw new RotationsFileError('rotations.yml cannot be read');
    },
  });

describe('chosenRequest', () => {
  it('takes the skeleton of the AWS CLI, with its empty fields', async () => {
    const skeleton = {
      StreamName: '',
      EncryptionType: 'KMS',
      KeyId: 'alias/b',
      StreamARN: ARN,
      StreamId: '',
    };
    expect(await choose({ cliInputJson: JSON.stringify(skeleton) })).toEqual({
      ...ofOrders,
      StreamName: undefined,
      EncryptionType: 'KMS',
      KeyId: 'alias/b',
      StreamARN: ARN,
      Trigger,
    });
  });

  it('is for no stream of rotations.yml where a field is empty', async () => {
    for (const flags of [
      { cliInputJson: '{"StreamName": "", "StreamARN": ""}' },
      { cliInputJson: '{"KeyId": ""}' },
      { streamName: '' },
      { keyId: '' },
    ]) {
      await expect(choose(flags)).rejects.toThrow('""');
    }
  });

  it('is for the first stream of rotations.yml without flags', async () => {
    expect(await choose({})).toEqual({ ...PAYMENTS, Trigger });
  });

  it.each([
    ['by name', { streamName: 'orders' }, {}],
    ['by ARN', { streamArn: ARN }, { StreamName: undefined, StreamARN: ARN }],
  ])('takes what rotations.yml says of a stream %s', async (_, flags, more) => {
    const request = await choose(flags);
    expect(request).toEqual({ ...ofOrders, KeyIds, Trigger, ...more });
  });

  it('lets flags take precedence, and a key replace the ring', async () => {
    const flags = {
      streamName: 'orders',
      keyId: 'alias/z',
      onQuotaExhausted: 'FAIL',
    };
    expect(await choose(flags)).toEqual({
      ...ofOrders,
      KeyId: 'alias/z',
      OnQuotaExhausted: 'FAIL',
      Trigger,
    });
  });

  it('is as given for a stream that rotations.yml does not list', async () => {
    const flags = { streamName: 'unlisted', keyId: 'alias/z' };
    const given = { StreamName: 'unlisted', KeyId: 'alias/z', Trigger };
    expect(await choose(flags)).toEqual(given);
    expect(await withoutFile(flags)).toEqual(given);
  });

  it('needs rotations.yml where no key is given', async () => {
    await expect(withoutFile({ streamName: 'orders' })).rejects.toThrow(
      'rotations.yml cannot be read',
    );
    await expect(choose({ streamName: 'unlisted' })).rejects.toThrow(
      'KeyId and KeyIds are both missing',
    );
  });
});
