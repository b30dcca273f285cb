import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { readEvent, setEventTimes } from '../../cli/input/event.ts';
import { requestFromFlags } from '../../cli/input/request-flags.ts';
import { findTriggers } from '../../local/events/triggers.ts';
import { parseRotations } from '../../shared/config/rotations-file.ts';
import { parseRequest } from '../../shared/contract/request.ts';
import { parseEncryptionCall } from '../../shared/events/cloudtrail-encryption.ts';
import { parseExecutionEnded } from '../../shared/events/execution-ended.ts';
import { sampleEvent } from '../support/aws/sample-event.ts';
import {
  hostileText,
  hostileVariant,
  refusalOf,
  runs,
} from '../support/hostile/hostile-json.ts';
import { temporaryDirectory } from '../support/local/temporary-directory.ts';

const STREAM_ARN = 'arn:aws:kinesis:us-east-1:123456789012:stream/orders';
const REQUEST = {
  StreamName: 'orders',
  StreamARN: STREAM_ARN,
  EncryptionType: 'KMS',
  KeyIds: ['alias/a', 'arn:aws:kms:us-east-1:123456789012:alias/b'],
  Mode: 'RESTORE',
  OnQuotaExhausted: 'WAIT',
  Force: true,
  OnVerificationFailed: 'ROLL_BACK',
  KeepSlotForRollback: true,
  Probe: { PartitionKey: 'probe', Data: 'e30=' },
  Trigger: { Source: 'alarm', AlarmName: 'a', Count: 2, Is: true, No: null },
};
const ROTATIONS = {
  Streams: [
    {
      StreamName: 'orders',
      KeyIds: ['alias/a', 'alias/b'],
      OnQuotaExhausted: 'WAIT',
      OnVerificationFailed: 'KEEP',
      Probe: REQUEST.Probe,
      Schedule: 'cron(0 3 1 * ? *)',
      Timezone: 'Europe/Berlin',
      MaximumWindowInMinutes: 15,
      Alarms: ['orders-drift'],
    },
  ],
};
const EVENTS = [
  'composite-alarm',
  'drift-alarm',
  'execution-aborted',
  'execution-failed',
  'execution-timed-out',
  'math-alarm',
  'rotation-failed',
  'schedule',
  'start-stream-encryption',
  'start-stream-encryption-failed',
  'stop-stream-encryption',
] as const;

const isInvalid = (name: string) => name === 'InvalidRequest';
/** An event that a rule takes may still lack what the rule passes on. */
const isInvalidOrUnusable = (name: string) =>
  isInvalid(name) || name === 'TemplateError';
const isFileError = (name: string) => name === 'RotationsFileError';

const samples = new Map<string, unknown>();

beforeAll(async () => {
  for (const name of EVENTS) samples.set(name, await sampleEvent(name));
});

/** It is slow, and whoever writes it has only themselves to wait for. */
const MAX_YAML = 10_000;

const jsonOf = (value: unknown) => {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '['.repeat(100_000);
  }
};

describe('hostile input', () => {
  it('of parseRequest is refused as InvalidRequest', async () => {
    await fc.assert(
      fc.asyncProperty(hostileVariant(REQUEST), async (input) => {
        await refusalOf(() => parseRequest(input), isInvalid);
      }),
      runs(300),
    );
  });

  it.each(EVENTS)(
    'made from %s is refused by what reads events',
    async (name) => {
      await fc.assert(
        fc.asyncProperty(hostileVariant(samples.get(name)), async (event) => {
          await refusalOf(() => parseEncryptionCall(event, 'aws'), isInvalid);
          await refusalOf(() => parseExecutionEnded(event), isInvalid);
        }),
        runs(40),
      );
    },
  );

  it('of rotations.yml is refused as such', async () => {
    const yaml = fc.oneof(
      hostileVariant(ROTATIONS).map(jsonOf),
      hostileText,
      hostileText.map((text) => `Streams: [${text}]`),
      hostileText.map((text) => `Streams:\n- StreamName: ${text}\n`),
      fc.constantFrom(
        'Streams: &a [*a]',
        'Streams: [&a {StreamName: orders, KeyIds: *a}]',
        'Streams: [{StreamName: !%1b%5b31m x}]',
        'Streams: [{? [a, b] : c}]',
        'Streams: [{__proto__: {StreamName: orders}}]',
        `a: &a [${'x,'.repeat(9)}]\n${[...'bcdefghi'].map((n, i) => `${n}: &${n} [${`*${'abcdefghi'[i]},`.repeat(9)}]`).join('\n')}`,
        `${'['.repeat(20_000)}`,
        `${'- '.repeat(20_000)}`,
      ),
    );
    await fc.assert(
      fc.asyncProperty(yaml, async (text) => {
        await refusalOf(
          () => parseRotations(text.slice(0, MAX_YAML)),
          isFileError,
        );
      }),
      runs(120),
    );
  });

  it('of a schedule is refused, however it is spelled', async () => {
    const field = fc.stringMatching(/^[0-9*?,/LW#-]{1,8}$/);
    const cron = fc
      .array(field, { minLength: 4, maxLength: 7 })
      .map((fields) => `cron(${fields.join(' ')})`);
    const schedule = fc.oneof(
      cron,
      hostileText.map((text) => `cron(${text})`),
      fc.constantFrom(
        `cron(${'0,'.repeat(50_000)} * * * ? *)`,
        `cron(${'*/'.repeat(50_000)} * * * ? *)`,
        `rate(${'9'.repeat(100_000)} days)`,
      ),
    );
    await fc.assert(
      fc.asyncProperty(schedule, async (Schedule) => {
        const [stream] = ROTATIONS.Streams;
        const file = { Streams: [{ ...stream, Schedule }] };
        await refusalOf(
          () => parseRotations(JSON.stringify(file)),
          isFileError,
        );
      }),
      runs(80),
    );
  });

  it('of --cli-input-json and --cli-input-yaml is refused', async () => {
    const json = fc.oneof(hostileVariant(REQUEST).map(jsonOf), hostileText);
    await fc.assert(
      fc.asyncProperty(json, async (text) => {
        for (const flags of [
          { cliInputJson: text },
          { cliInputYaml: text.slice(0, MAX_YAML) },
        ]) {
          await refusalOf(
            async () => parseRequest(await requestFromFlags(flags)),
            isInvalid,
          );
        }
      }),
      runs(80),
    );
  });

  it.each([
    ['with NUL', 'file:///%00'],
    ['with a coded slash', 'file:///a%2Fb'],
    ['in no code', 'file:///%zz'],
    ['with NUL itself', 'file://\0'],
    ['with an escape', 'file://\u001b[31m'],
    ['too long', `file://${'x'.repeat(10_000)}`],
  ])('of a file name %s is refused', async (_, cliInputJson) => {
    const refusal = await refusalOf(
      () => requestFromFlags({ cliInputJson }),
      isInvalid,
    );
    expect(refusal?.message).toContain('--cli-input-json');
  });

  it('of trigger --event is refused, or finds its way through the rules', async () => {
    const template = { Resources: RULES };
    const { signal } = new AbortController();
    const text = fc
      .constantFrom(...EVENTS)
      .chain((name) => hostileVariant(samples.get(name)))
      .map(jsonOf);
    const directory = await temporaryDirectory();
    let files = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(text, hostileText), async (json) => {
        const file = join(directory, `${files++}.json`);
        await writeFile(file, json);
        await refusalOf(async () => {
          const read = setEventTimes(await readEvent(file, signal), new Date());
          findTriggers(template, read);
        }, isInvalidOrUnusable);
      }),
      runs(80),
    );
  });

  it('keeps a request whole that is merely unusual', () => {
    const Trigger = { Source: 'manual', 'ключ 🔑': '${x} {{resolve:y}} $.z' };
    const request = { StreamName: '..', KeyId: 'alias/__proto__', Trigger };
    expect(parseRequest(JSON.parse(JSON.stringify(request)))).toMatchObject(
      request,
    );
  });
});

const RULES = {
  Rule: {
    Type: 'AWS::Events::Rule',
    Properties: {
      EventPattern: { source: [{ prefix: 'aws.' }] },
      Targets: [
        {
          Arn: { 'Fn::GetAtt': ['Machine', 'Arn'] },
          InputTransformer: {
            InputPathsMap: { state: '$.detail', account: '$.account' },
            InputTemplate: '{"State":<state>,"Account":<account>}',
          },
        },
      ],
    },
  },
  Machine: { Type: 'AWS::StepFunctions::StateMachine' },
};
