import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  parseRequest,
  REQUEST_FIELDS,
} from '../../../shared/contract/request.ts';
import { REQUEST_FIELD_TEXTS } from '../../../shared/contract/request-fields.ts';
import { RotationError } from '../../../shared/errors/errors.ts';
import { parseStreamArn } from '../../../shared/identifiers/arn.ts';
import { parseKeyId } from '../../../shared/identifiers/key-id.ts';
import { anyKeyId } from '../../support/aws/kms-key.ts';

const ARN = 'arn:aws:kinesis:us-east-1:123456789012:stream/orders';
const GUID = '12345678-1234-1234-1234-123456789012';
const KEY_ARN = `arn:aws:kms:us-east-1:123456789012:key/${GUID}`;
const ALIAS_ARN = 'arn:aws:kms:us-east-1:123456789012:alias/';
const MINIMAL = { StreamName: 'orders', KeyId: 'alias/orders' };
const DEFAULTS = {
  EncryptionType: 'KMS',
  OnQuotaExhausted: 'FAIL',
  Force: false,
  OnVerificationFailed: 'ROLL_BACK',
  KeepSlotForRollback: false,
};

/** The message with which a request is refused. */
function refusalOf(input: unknown): string {
  try {
    parseRequest(input);
  } catch (error) {
    expect(error).toBeInstanceOf(RotationError);
    expect((error as Error).name).toBe('InvalidRequest');
    return (error as Error).message;
  }
  return 'not refused';
}

function nested(depth: number): unknown {
  return JSON.parse('['.repeat(depth) + ']'.repeat(depth));
}

/** Fields that only JSON can give an object, `__proto__` among them. */
function withField(base: object, field: string, value: unknown): object {
  return Object.defineProperty({ ...base }, field, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

describe('parseRequest takes', () => {
  it.each(['alias/orders', `${ALIAS_ARN}orders`, 'alias/aws-orders'])(
    'a ring of one alias, %s',
    (alias) => {
      for (const Mode of ['ROTATE', 'RESTORE', 'REVERT'] as const) {
        const request = { StreamName: 'orders', KeyIds: [alias], Mode };
        expect(parseRequest(request)).toEqual({ ...request, ...DEFAULTS });
      }
    },
  );

  it('a stream and a key, and fills in the defaults', () => {
    expect(parseRequest(MINIMAL)).toEqual({ ...MINIMAL, ...DEFAULTS });
  });

  it.each([
    [{ StreamName: 'orders', StreamARN: '', KeyId: 'alias/a' }],
    [{ StreamName: '', StreamARN: ARN, KeyId: 'alias/a' }],
    [{ StreamName: 'orders', KeyId: '', KeyIds: ['alias/a', 'alias/b'] }],
  ])('the skeleton of the AWS CLI where %j are filled in', (filled) => {
    const skeleton = { EncryptionType: 'KMS', StreamId: '' };
    const given = Object.entries(filled).filter(([, value]) => value !== '');

    expect(parseRequest({ ...skeleton, ...filled })).toEqual({
      ...Object.fromEntries(given),
      ...DEFAULTS,
    });
  });

  it('what `aws kinesis start-stream-encryption` takes', () => {
    const input = {
      StreamName: 'orders',
      StreamARN: ARN,
      EncryptionType: 'KMS',
      KeyId: 'arn:aws:kms:us-east-1:123456789012:alias/orders',
    };

    expect(parseRequest(input)).toEqual({ ...DEFAULTS, ...input });
  });

  it('every field at once', () => {
    const input = {
      StreamName: 'orders',
      StreamARN: ARN,
      EncryptionType: 'KMS',
      KeyIds: ['alias/one', 'alias/two'],
      Mode: 'RESTORE',
      RevertWithinMinutes: 10_080,
      OnQuotaExhausted: 'WAIT',
      Force: true,
      UnlessAppliedSince: '2026-01-12T03:00:00Z',
      OnVerificationFailed: 'ROLL_BACK',
      KeepSlotForRollback: true,
      BakeMinutes: 60,
      BakeAlarms: ['orders, "p99"'],
      Probe: { PartitionKey: 'probe', Data: 'e30=' },
      Trigger: {
        Source: 'alarm',
        AlarmName: 'a',
        Count: 2,
        Is: true,
        No: null,
      },
    };

    expect(parseRequest(input)).toEqual(input);
    expect(REQUEST_FIELDS.toSorted()).toEqual(
      [...Object.keys(input), 'KeyId'].toSorted(),
    );
  });

  it('any of the five forms of a KeyId, alone and in a ring', () => {
    fc.assert(
      fc.property(anyKeyId, ({ text }) => {
        const ring = [text, 'alias/the-other-one'];

        expect(parseRequest({ StreamName: 's', KeyId: text }).KeyId).toBe(text);
        expect(parseRequest({ StreamName: 's', KeyIds: ring }).KeyIds).toEqual(
          ring,
        );
      }),
    );
  });

  it.each([
    ['no data', ''],
    ['padding of one', 'AAA='],
    ['padding of two', 'AA=='],
    ['no padding', 'AAAA+/09'],
    ['as much data as there may be', 'A'.repeat(65_536)],
  ])('a probe with %s', (_what, Data) => {
    const Probe = { PartitionKey: 'p'.repeat(256), Data };

    expect(parseRequest({ ...MINIMAL, Probe }).Probe).toEqual(Probe);
  });

  it.each(['schedule', 'manual', 'alarm'])('the trigger %s', (Source) => {
    const Trigger = {
      Source,
      Ticket: 'SEC-1: ä'.padEnd(256, '.'),
      CallerArn: 'arn:aws:sts::111122223333:assumed-role/Admin/a=b,c@d',
    };

    expect(parseRequest({ ...MINIMAL, Trigger }).Trigger).toEqual(Trigger);
  });

  it('rings of 2 and of 100 keys', () => {
    for (const length of [2, 100]) {
      const KeyIds = Array.from({ length }, (_, n) => `alias/key-${n}`);

      expect(parseRequest({ StreamName: 's', KeyIds }).KeyIds).toEqual(KeyIds);
    }
  });

  it('a key of the Region of the stream in any partition', () => {
    const input = {
      StreamARN: 'arn:aws-cn:kinesis:cn-north-1:123456789012:stream/orders',
      KeyId: 'arn:aws-cn:kms:cn-north-1:123456789012:alias/orders',
    };

    expect(parseRequest(input)).toEqual({ ...input, ...DEFAULTS });
  });
});

describe('parseRequest refuses, naming field and value,', () => {
  const wrong: [object, string[]][] = [
    [{ StreamName: 5 }, ['StreamName 5', 'not a string']],
    [{ StreamName: '' }, ['StreamName ""', '1 to 128']],
    [{ StreamName: 'a/b' }, ['StreamName "a/b"']],
    [{ StreamARN: 5 }, ['StreamARN 5']],
    [{ StreamARN: 'orders' }, ['StreamARN "orders"', 'arn:aws:kinesis']],
    [{ EncryptionType: 'NONE' }, ['EncryptionType "NONE"', 'StopStream']],
    [{ BakeMinutes: 61 }, ['BakeMinutes 61', 'from 0 to 60']],
    [{ BakeMinutes: '5' }, ['BakeMinutes "5"', 'from 0 to 60']],
    [
      { KeyId: 'alias/a', BakeMinutes: 5 },
      ['BakeMinutes 5 has no alarm', 'BakeAlarms'],
    ],
    [
      { KeyId: 'alias/a', BakeAlarms: ['a'] },
      ['BakeMinutes, which is missing'],
    ],
    [{ KeyId: 'alias/a', BakeMinutes: 5, BakeAlarms: [] }, ['has no alarm']],
    [{ BakeMinutes: 5, BakeAlarms: 'a' }, ['BakeAlarms "a" is not a list']],
    [{ BakeMinutes: 5, BakeAlarms: ['a', 'a'] }, ['names an alarm twice']],
    [{ BakeMinutes: 5, BakeAlarms: [''] }, ['is not the name of an alarm']],
    [
      { BakeMinutes: 5, BakeAlarms: Array.from({ length: 21 }, String) },
      ['BakeAlarms has 21 alarms; a bake watches at most 20'],
    ],
    [{ EncryptionType: 'AES' }, ['EncryptionType "AES"', 'KMS']],
    [{ EncryptionType: null }, ['EncryptionType null']],
    [{ KeyId: 5 }, ['KeyId 5', 'key ARN']],
    [{ KeyId: 'orders' }, ['KeyId "orders"', 'alias/']],
    [{ KeyIds: 'alias/a' }, ['KeyIds "alias/a"', 'list']],
    [{ KeyIds: [] }, ['KeyIds []', 'at least two']],
    [{ KeyIds: [KEY_ARN] }, [KEY_ARN, 'ring of 1', 'alias of your own']],
    [{ KeyIds: [GUID] }, [GUID, 'ring of 1', 'at least two', 'as KeyId']],
    [{ KeyIds: ['alias/aws/kinesis'] }, ['aws/kinesis', 'ring of 1']],
    [{ KeyIds: [`${ALIAS_ARN}aws/kinesis`] }, ['aws/kinesis', 'ring of 1']],
    [{ KeyIds: ['alias/a', 'b'] }, ['KeyIds "b"', 'not a key id']],
    [{ KeyIds: ['alias/a', 'alias/a'] }, ['KeyIds ["alias/a","', 'twice']],
    [
      { KeyIds: Array.from({ length: 101 }, (_, n) => `alias/${n}`) },
      ['KeyIds has 101 keys', '100'],
    ],
    [
      { RevertWithinMinutes: 0 },
      ['RevertWithinMinutes 0 is not a whole number from 1 to 10080'],
    ],
    [{ RevertWithinMinutes: '60' }, ['RevertWithinMinutes "60"']],
    [{ Mode: 'rotate' }, ['Mode "rotate"', 'ROTATE, RESTORE']],
    [{ OnQuotaExhausted: 'RETRY' }, ['OnQuotaExhausted "RETRY"', 'FAIL, WAIT']],
    [{ Force: 'true' }, ['Force "true"', 'true or false']],
    [
      { UnlessAppliedSince: 'yesterday' },
      ['UnlessAppliedSince "yesterday"', 'ISO 8601'],
    ],
    [{ UnlessAppliedSince: 3 }, ['UnlessAppliedSince 3', 'ISO 8601']],
    [
      { OnVerificationFailed: 'PANIC' },
      ['OnVerificationFailed "PANIC"', 'ROLL_BACK, KEEP'],
    ],
    [{ KeepSlotForRollback: 1 }, ['KeepSlotForRollback 1']],
    [
      {
        KeyId: 'alias/a',
        KeepSlotForRollback: true,
        OnVerificationFailed: 'KEEP',
      },
      ['KeepSlotForRollback true', 'OnVerificationFailed "KEEP"'],
    ],
    [{ Probe: 'x' }, ['Probe is not an object']],
    [{ Probe: {} }, ['Probe.PartitionKey is missing']],
    [{ Probe: { PartitionKey: 'p' } }, ['Probe.Data is missing']],
    [{ Probe: { PartitionKey: '', Data: '' } }, ['Probe.PartitionKey must']],
    [
      { Probe: { PartitionKey: 'p'.repeat(257), Data: '' } },
      ['Probe.PartitionKey', '256'],
    ],
    [
      { Probe: { PartitionKey: 1, Data: '' } },
      ['Probe.PartitionKey is not a string'],
    ],
    [{ Probe: { PartitionKey: 'p', Data: 7 } }, ['Probe.Data is not a string']],
    [{ Probe: { PartitionKey: 'p', Data: '{}' } }, ['Probe.Data', 'base64']],
    [{ Probe: { PartitionKey: 'p', Data: 'AAA' } }, ['Probe.Data', 'base64']],
    [
      { Probe: { PartitionKey: 'p', Data: 'A'.repeat(65_540) } },
      ['Probe.Data', '65,536'],
    ],
    [
      { Probe: { PartitionKey: 'p', Data: '', Key: '' } },
      ['"Probe.Key"', 'PartitionKey, Data'],
    ],
    [{ Trigger: 'manual' }, ['Trigger "manual"']],
    [{ Trigger: {} }, ['Trigger.Source is missing']],
    [{ Trigger: { Source: 'cron' } }, ['Trigger.Source "cron"', 'schedule']],
    [{ Trigger: { Source: 'manual', Deep: { a: 1 } } }, ['{"a":1}']],
    [
      {
        Trigger: {
          Source: 'manual',
          ...Object.fromEntries(Array.from({ length: 20 }, (_, n) => [n, n])),
        },
      },
      ['Trigger has more than 20 fields'],
    ],
    ...['', 5, 'a\u202eb', 'two\nlines', 'x'.repeat(257)].map(
      (Ticket): [object, string[]] => [
        { Trigger: { Source: 'manual', Ticket } },
        ['Trigger.Ticket ', '1 to 256 visible characters'],
      ],
    ),
    ...[
      'ann',
      'arn:',
      'arn:aws:iam::1:user/a b',
      `arn:${'x'.repeat(1021)}`,
    ].map((CallerArn): [object, string[]] => [
      { Trigger: { Source: 'manual', CallerArn } },
      ['Trigger.CallerArn ', 'ARN of at most 1,024'],
    ]),
  ];
  it.each(
    wrong.map(([field, fragments]) => ({
      title: JSON.stringify(field).slice(0, 60),
      field,
      fragments,
    })),
  )('$title', ({ field, fragments }) => {
    const message = refusalOf({ StreamName: 'orders', ...field });

    for (const fragment of fragments) expect(message).toContain(fragment);
  });

  it.each([null, undefined, 5, 'text', true, [], [MINIMAL]])(
    'a request that is no object: %j',
    (input) => {
      expect(refusalOf(input)).toContain('is not a JSON object');
    },
  );

  it('a request without a stream', () => {
    expect(refusalOf({ KeyId: 'alias/a' })).toBe(
      'StreamName and StreamARN are both missing; give one of them',
    );
  });

  it('a request without a key', () => {
    expect(refusalOf({ StreamName: 'orders' })).toContain(
      'KeyId and KeyIds are both missing',
    );
  });

  it('a name and an ARN of different streams', () => {
    const message = refusalOf({ ...MINIMAL, StreamARN: `${ARN}-2` });

    expect(message).toContain('StreamName "orders"');
    expect(message).toContain(`StreamARN "${ARN}-2"`);
  });

  it('a key and a ring at once', () => {
    const message = refusalOf({ ...MINIMAL, KeyIds: ['alias/a', 'alias/b'] });

    expect(message).toContain('KeyId "alias/orders"');
    expect(message).toContain('KeyIds ["alias/a","alias/b"]');
  });

  it.each(
    Object.entries(REQUEST_FIELD_TEXTS).flatMap(([field, { flag }]) =>
      flag?.values ? [[field, flag.values] as const] : [],
    ),
  )('%s outside %j, which completion offers', (field, values) => {
    const ring = { StreamName: 'orders', KeyIds: ['alias/a', 'alias/b'] };
    for (const value of values) {
      expect(parseRequest({ ...ring, [field]: value })).toMatchObject({
        [field]: value,
      });
    }
    expect(refusalOf({ ...ring, [field]: 'x' })).toMatch(
      new RegExp(`(is not one of|the only one is) ${values.join(', ')}$`),
    );
  });

  it('a REVERT that applies a key again', () => {
    const request = {
      StreamName: 's',
      KeyIds: ['alias/a', 'alias/b'],
      Mode: 'REVERT',
      Force: true,
    };
    expect(refusalOf(request)).toContain('Mode "REVERT" returns to the key');
  });

  it('a mode without a ring', () => {
    expect(refusalOf({ ...MINIMAL, Mode: 'RESTORE' })).toContain(
      'Mode "RESTORE"',
    );
  });

  it.each([
    ['KeyId', (key: string) => ({ KeyId: key })],
    ['KeyIds', (key: string) => ({ KeyIds: ['alias/a', key] })],
  ])('a key of another Region in %s', (field, keys) => {
    const key = 'arn:aws:kms:eu-west-1:123456789012:alias/a';

    const message = refusalOf({ StreamARN: ARN, ...keys(key) });

    expect(message).toContain(`${field} "${key}" is in Region eu-west-1`);
    expect(message).toContain(`StreamARN "${ARN}" is in us-east-1`);
  });

  it.each([
    'KeyID',
    'streamName',
    '',
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
  ])('the unknown field %j, and says which are known', (field) => {
    const message = refusalOf(withField(MINIMAL, field, 'x'));

    expect(message).toContain(`${JSON.stringify(field)} is not a field`);
    expect(message).toContain(REQUEST_FIELDS.join(', '));
  });

  it('a StreamId, which Kinesis reserves', () => {
    expect(refusalOf({ ...MINIMAL, StreamId: 'orders-1' })).toBe(
      'StreamId "orders-1" is reserved by Kinesis for future use; leave it out, and name the stream with StreamName or StreamARN',
    );
    expect(refusalOf({ ...MINIMAL, StreamId: null })).toContain(
      'StreamId null is reserved',
    );
  });

  it.each([
    ['StreamName', { StreamName: '', StreamARN: '', KeyId: 'alias/a' }],
    ['StreamName', { StreamName: '', KeyId: 'alias/a' }],
    ['StreamARN', { StreamARN: '', KeyId: 'alias/a' }],
    ['KeyId', { StreamName: 'orders', KeyId: '' }],
  ])('an empty %s that nothing replaces', (field, input) => {
    expect(refusalOf(input)).toContain(`${field} "" is not `);
  });

  it('the field of Trigger whose value is no plain value', () => {
    const Trigger = { Source: 'manual', Deep: { a: 1 } };

    expect(refusalOf({ ...MINIMAL, Trigger })).toContain(
      'Trigger.Deep {"a":1}',
    );
  });

  it.each([
    ['that is empty', ''],
    ['that is long', 'x'.repeat(129)],
    ['that forges a line', 'a\n{"level":"ERROR"}'],
    ['that reads backwards', 'a\u202eb'],
    ['of half a character', '\ud800'],
  ])('a name of a field of Trigger %s', (_, field) => {
    const Trigger = withField({ Source: 'manual' }, field, 1);
    const message = refusalOf({ ...MINIMAL, Trigger });

    expect(message).toContain('Trigger has a field "');
    expect(message).not.toMatch(/[\n\u202e\ud800]/);
    expect(message.length).toBeLessThan(300);
  });

  it('texts with half a character, which neither DynamoDB nor Kinesis can hold', () => {
    const Trigger = { Source: 'manual', Note: 'a\udfff' };
    const Probe = { PartitionKey: '\ud800', Data: '' };

    expect(refusalOf({ ...MINIMAL, Trigger })).toContain('Trigger.Note "a');
    expect(refusalOf({ ...MINIMAL, Probe })).toContain('Probe.PartitionKey');
  });

  it('a Trigger that would not fit twice into the last state', () => {
    const notes = Array.from({ length: 17 }, (_, at) => [at, 'n'.repeat(1000)]);
    const Trigger = { Source: 'manual', ...Object.fromEntries(notes) };

    expect(refusalOf({ ...MINIMAL, Trigger })).toContain('16384');
  });

  it('keys and streams longer than AWS has them', () => {
    const long = '-'.repeat(100);
    const StreamARN = ARN.replace('aws', `aws${long}`);
    const KeyId = `arn:aws:kms:us-east-1${long}:123456789012:alias/orders`;

    expect(refusalOf({ ...MINIMAL, KeyId })).toContain('is not a key id');
    expect(refusalOf({ StreamARN, KeyId: 'alias/a' })).toContain(
      'is not the ARN of a data stream',
    );
  });

  it('a request that was encoded twice, and does not repeat its probe', () => {
    const input = { Probe: { PartitionKey: 'secret', Data: 'c2VjcmV0' } };

    expect(refusalOf(JSON.stringify(input))).not.toMatch(/secret|c2Vj/);
    expect(refusalOf([input])).not.toMatch(/secret|c2Vj/);
  });

  it.each([1e20, Number.MAX_VALUE, 1e-320, 1e-200])(
    'a number of Trigger that no DynamoDB item can hold: %d',
    (Id) => {
      const Trigger = { Source: 'manual', Id };

      expect(refusalOf({ ...MINIMAL, Trigger })).toContain('Trigger.Id 1');
    },
  );

  it('the field of Trigger whose text is too long', () => {
    const Trigger = { Source: 'manual', Note: 'n'.repeat(1025) };

    expect(refusalOf({ ...MINIMAL, Trigger })).toContain('Trigger.Note "nnn');
  });

  it('values nested 500 deep', () => {
    for (const field of REQUEST_FIELDS) {
      const message = refusalOf({ ...MINIMAL, [field]: nested(500) });

      expect(message).toMatch(new RegExp(`^${field}`));
    }
  });

  it('values nested as deep as 256 KiB of input can be', () => {
    expect(refusalOf({ ...MINIMAL, StreamName: nested(100_000) })).toContain(
      'StreamName',
    );
  });
});

describe('parseRequest, whatever it is given,', () => {
  const anyValue = fc.oneof(
    fc.jsonValue({ stringUnit: 'binary' }),
    fc.anything(),
    fc.constantFrom(ARN, 'KMS', 'ROTATE', 'alias/a', ['alias/a', 'alias/b']),
  );
  const anyField = fc.oneof(
    fc.constantFrom(...REQUEST_FIELDS),
    fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString'),
    fc.string({ unit: 'binary' }),
  );
  const almostRequest = fc
    .tuple(
      fc.constantFrom({}, MINIMAL, { StreamARN: ARN }),
      fc.array(fc.tuple(anyField, anyValue), { maxLength: 4 }),
    )
    .map(([base, fields]) =>
      fields.reduce((input, [field, value]) => {
        return withField(input, field, value);
      }, base),
    );
  const anyTrigger = fc
    .array(fc.tuple(fc.oneof(anyField, fc.constant('Source')), anyValue))
    .map((fields) => ({
      ...MINIMAL,
      Trigger: fields.reduce<object>(
        (trigger, [field, value]) => withField(trigger, field, value),
        { Source: 'manual' },
      ),
    }));
  const anyInput = fc.oneof(anyValue, almostRequest, anyTrigger);

  it('throws nothing but InvalidRequest, in one short line', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        const message = refusalOf(input);

        expect(message).not.toBe('');
        expect(message.length).toBeLessThan(1000);
      }),
      { numRuns: 1000 },
    );
  });

  it('answers only requests that name one stream and keys for it', () => {
    fc.assert(
      fc.property(anyInput, (input) => {
        let request: ReturnType<typeof parseRequest>;
        try {
          request = parseRequest(input);
        } catch {
          return;
        }
        const { StreamName, StreamARN, KeyId, KeyIds } = request;

        expect(Object.keys(request)).toEqual(
          REQUEST_FIELDS.filter((field) => field in request),
        );
        expect(StreamName ?? parseStreamArn(StreamARN ?? '')).toBeTruthy();
        for (const key of KeyIds ?? [KeyId ?? '']) {
          expect(parseKeyId(key)).toBeDefined();
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('leaves the input and the prototype of all objects as they were', () => {
    const input = JSON.parse(
      '{"StreamName":"s","KeyId":"alias/a","Trigger":{"Source":"manual","__proto__":{"polluted":true}}}',
    );
    const before = JSON.stringify(input);

    const { Trigger } = parseRequest(input);

    expect(JSON.stringify(input)).toBe(before);
    expect(Trigger).not.toHaveProperty('polluted');
    expect({}).not.toHaveProperty('polluted');
  });

  it('reads its own answer as the same request', () => {
    const anyRequest = fc.record(
      {
        StreamName: fc.stringMatching(/^[a-zA-Z0-9_.-]{1,128}$/),
        EncryptionType: fc.constant('KMS'),
        KeyId: anyKeyId.map(({ text }) => text),
        OnQuotaExhausted: fc.constantFrom('FAIL', 'WAIT'),
        Force: fc.boolean(),
        OnVerificationFailed: fc.constantFrom('ROLL_BACK', 'KEEP'),
        Probe: fc.record({
          PartitionKey: fc.string({ minLength: 1, maxLength: 256 }),
          Data: fc.base64String({ maxLength: 1000 }),
        }),
        Trigger: fc.record({
          Source: fc.constantFrom('schedule', 'manual', 'alarm'),
          Note: fc.oneof(fc.string(), fc.integer(), fc.boolean()),
        }),
      },
      { requiredKeys: ['StreamName', 'KeyId'] },
    );
    fc.assert(
      fc.property(anyRequest, (input) => {
        const request = parseRequest(input);

        expect(request).toEqual({ ...DEFAULTS, ...input });
        expect(parseRequest(request)).toEqual(request);
      }),
    );
  });
});
