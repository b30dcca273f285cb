import { describe, expect, it } from 'vitest';
import { reportCsv } from '../../../../cli/report/formats/report-csv.ts';
import { reportJson } from '../../../../cli/report/formats/report-json.ts';
import type { Coverage } from '../../../../cli/report/report-input.ts';
import { reportPage } from '../../../../cli/report/report-page.ts';
import type { Outcome } from '../../../../shared/contract/outcome.ts';
import { keyArn, kmsKey } from '../../../support/aws/kms-key.ts';
import { simulatedMonth } from '../../../support/report/simulated-month.ts';

/** The words of a page, without its tags and styles. */
const words = (page: string) =>
  page
    .replace(/<style>.*?<\/style>|<svg.*?<\/svg>/gs, '')
    .replace(/<[^>]*>|&quot;/g, ' ')
    .replace(/\s+/g, ' ');

async function shown(changes: Partial<ReturnType<typeof simulatedMonth>>) {
  const input = { ...simulatedMonth(), ...changes };
  return {
    text: words(await reportPage(input)),
    document: JSON.parse(reportJson(input)),
  };
}

describe('the streams that are not managed', () => {
  it('are counted, listed, and shown with their encryption', async () => {
    const { text, document } = await shown({});
    expect(text).toContain('3 streams not managed');
    expect(text).toContain('of 23 streams in this account and Region');
    expect(text).toContain('1 not encrypted.');
    expect(text).toMatch(/scratch . Not encrypted not encrypted partner-feed/);
    expect(text).toMatch(/partner-feed . Encrypted alias\/aws\/kinesis vault/);
    expect(text).toMatch(
      /vault . Could not be described AccessDeniedException: /,
    );
    expect(document.Coverage).toEqual({
      Status: 'LISTED',
      Streams: 23,
      NotManaged: [
        { StreamName: 'scratch', KeyId: null },
        { StreamName: 'partner-feed', KeyId: 'alias/aws/kinesis' },
        {
          StreamName: 'vault',
          Error: 'AccessDeniedException',
          Cause: expect.stringContaining('not authorized'),
        },
      ],
    });
  });

  const others: [Coverage, string][] = [
    [
      { status: 'UNKNOWN', reason: 'AccessDeniedException: no' },
      'Not known which streams exist: AccessDeniedException: no',
    ],
    [
      { status: 'LISTED', streams: 20, notManaged: [] },
      '0 streams not managed , of 20 streams',
    ],
    [{ status: 'NOT_ASKED' }, 'This report is about one stream.'],
  ];
  it.each(others)('are not claimed: %j', async (coverage, claim) => {
    const { text, document } = await shown({ coverage });
    expect(text).toContain(claim);
    expect(text.includes('0 streams not managed')).toBe(
      coverage.status === 'LISTED',
    );
    expect(text).not.toContain('Streams not managed');
    expect(document.Coverage.Status).toBe(coverage.status);
  });
});

describe('the KMS keys', () => {
  it('are shown with their own age, origin and rotation', async () => {
    const { text, document } = await shown({});
    expect(text).toMatch(
      /alias\/audit-log-a key\/\S+ audit-log , key 1 of 2 \d{4}-\d\d-\d\d [^a-z]+UTC \d+ d \d+ h ago AWS_KMS CUSTOMER on, every 365 days next 2026-/,
    );
    expect(text).toMatch(/AWS_KMS CUSTOMER off (now|not now)/);
    expect(text).toMatch(
      /CUSTOMER unknown AccessDeniedException: not authorized to perform: kms:GetKeyRotationStatus/,
    );
    expect(text).toContain(
      'alias/breakglass customer-profiles , outside its ring unknown AccessDeniedException: KeyId',
    );
    const keys = document.Streams.flatMap(
      ({ KmsKeys }: { KmsKeys: object[] }) => KmsKeys,
    );
    expect(keys[0]).toMatchObject({
      KeyId: 'alias/audit-log-a',
      RingPlace: 1,
      CreatedAt: expect.stringMatching(/Z$/),
      Origin: 'AWS_KMS',
      KeyManager: 'CUSTOMER',
      KmsRotation: { Status: 'ON', PeriodInDays: 365 },
    });
  });

  it('come back as often as the ring is short', async () => {
    const { text } = await shown({});
    expect(text).toMatch(
      /Ring of 2 keys: every 2 rotations the same key returns, and after the first round no rotation brings a new key: audit-log ,/,
    );
    expect(text).toMatch(/Ring of 4 keys: every 4 [^.]*: fraud-signals \./);
  });

  it('come from the owner of the alias in a ring of one', async () => {
    const [first] = simulatedMonth().streams;
    if (first?.listed === undefined) throw new Error('no stream');
    const listed = {
      ...first.listed,
      KeyIds: first.listed.KeyIds.slice(0, 1),
    };
    const ring = first.ring?.slice(0, 1);
    const { text } = await shown({ streams: [{ ...first, listed, ring }] });
    expect(text).toContain(
      `Ring of 1 alias: a rotation applies the key to which the owner points it: ${first.StreamName} .`,
    );
    expect(text).not.toContain('no rotation replaces');
  });

  it('have a full ARN outside the account of the report, and their state', async () => {
    const [first] = simulatedMonth().streams;
    if (first === undefined) throw new Error('no stream');
    const keys = first.keys?.map((key) => ({
      ...key,
      Metadata: key.Metadata && {
        ...key.Metadata,
        Arn: 'arn:aws:kms:us-east-1:999900001111:key/x',
        AWSAccountId: '999900001111',
        KeyState: 'Disabled' as const,
      },
    }));
    const { text } = await shown({ streams: [{ ...first, keys }] });
    expect(text).toContain('arn:aws:kms:us-east-1:999900001111:key/x');
    expect(text).toContain('of account 999900001111');
    expect(text).toContain('Disabled');
  });
});

describe('who started a rotation', () => {
  it('is a claim, with the command that proves it', async () => {
    const { text, document } = await shown({});
    expect(text).toContain('claimed by the request');
    expect(text).toContain(
      'aws cloudtrail lookup-events --region us-east-1 --lookup-attributes AttributeKey=EventName,AttributeValue=StartExecution --start-time 2026-10-26T00:00:00.000Z --end-time 2026-11-25T13:04:05.000Z',
    );
    expect(text).toContain('contains(CloudTrailEvent, &#39;ROTATION_ID&#39;)');
    const rotations = document.Streams.flatMap(
      ({ Rotations }: { Rotations: object[] }) => Rotations,
    );
    expect(rotations[0]).toMatchObject({
      TriggerEvidence: 'CLAIMED_BY_REQUEST',
    });
  });
});

describe('the configuration', () => {
  it('is named by its hashes', async () => {
    const { text, document } = await shown({});
    expect(text).toContain(`rotations.yml SHA-256 ${'a1'.repeat(32)}`);
    expect(text).toMatch(
      /stack\/kinesis-key-rotation-prod\/7f3c deployed 2026-10-25 00:00:00 UTC, SHA-256 b2b2/,
    );
    expect(document.Configuration).toEqual({
      RotationsFile: {
        Status: 'READ',
        Path: 'rotations.yml',
        Sha256: 'a1'.repeat(32),
      },
      DeployedTemplate: {
        Status: 'READ',
        StackId: expect.stringContaining('/7f3c'),
        UpdatedAt: '2026-10-25T00:00:00.000Z',
        Sha256: 'b2'.repeat(32),
      },
    });
  });

  it('is unknown with the reason, and absent on the embedded AWS', async () => {
    const unknown = { status: 'UNKNOWN', reason: 'AccessDenied: no' } as const;
    const denied = await shown({
      configuration: { rotations: unknown, template: unknown },
    });
    expect(denied.text).toMatch(
      /rotations.yml unknown AccessDenied: no Deployed template unknown AccessDenied: no/,
    );
    expect(denied.document.Configuration.DeployedTemplate).toEqual({
      Status: 'UNKNOWN',
      Reason: 'AccessDenied: no',
    });
    const template = { status: 'NOT_DEPLOYED' } as const;
    const local = await shown({
      configuration: { rotations: unknown, template },
    });
    expect(local.text).toContain('there is no deployment');
  });
});

describe('a rotation that changed nothing, with a warning', () => {
  it('is no success, and says why', async () => {
    const [first] = simulatedMonth().streams;
    const last = first?.history.find(({ Status }) => Status === 'SUCCEEDED');
    if (first === undefined || last === undefined) throw new Error('no stream');
    const warned = {
      ...last,
      Outcome: 'UNCHANGED',
      Warning: 'The stream keeps <it>',
    } as Outcome;
    const history = first.history.map((one) => (one === last ? warned : one));
    const { text, document } = await shown({
      streams: [{ ...first, history }],
    });
    expect(text).toContain('▲ Unchanged, and did not help');
    expect(text).toContain('The stream keeps &lt;it&gt; .');
    expect(text).toContain(
      '1 rotation changed nothing, and helped no writer or reader.',
    );
    expect(document.Summary.Results.UNCHANGED_WITH_WARNING).toBe(1);
    const csv = reportCsv({
      ...simulatedMonth(),
      streams: [{ ...first, history }],
    });
    expect(csv).toMatch(/UNCHANGED_WITH_WARNING,.*,The stream keeps <it>,/);
  });
});

describe('the keys that records need', () => {
  it('are shown where they were asked for, with what is not known', async () => {
    const until = Date.parse('2026-11-26T10:00:00.000Z');
    const StreamARN = 'arn:aws:kinesis:us-east-1:111122223333:stream/orders';
    const keyNeeds = {
      at: until - 3_600_000,
      streams: 3,
      notManaged: [],
      unknownRings: [],
      keys: [
        {
          KeyArn: keyArn(1),
          keyIds: ['alias/former'],
          verdict: 'NEEDED' as const,
          neededUntil: until,
          unknown: ['two: no'],
          uses: [
            {
              KeyId: 'alias/former',
              KeyArn: keyArn(1),
              From: until - 9e8,
              LeftAt: until - 9e7,
              RetentionHours: 24,
              StreamName: 'orders',
              StreamARN,
              until,
            },
          ],
          state: {
            metadata: kmsKey(1, { KeyState: 'Disabled' }),
            lastUsage: { status: 'NOT_KNOWN' as const, reason: 'denied' },
          },
          namedBy: [],
          risk: {
            KeyId: 'alias/former',
            KeyArn: keyArn(1),
            State: 'Disabled',
            Deadline: 'now',
            NeededUntil: new Date(until).toISOString(),
            Remedy: [],
          },
        },
      ],
    };
    const { text, document } = await shown({ keyNeeds });
    expect(text).toContain('Keys that records need');
    expect(text).toMatch(
      /alias\/former .* until 2026-11-26 10:00:00.UTC two: no/,
    );
    expect(text).toContain(
      'it has KeyState Disabled: no record under it can be read now',
    );
    expect(text).toContain('not known denied');
    expect(document.KeyNeeds.Keys).toMatchObject([
      {
        KeyArn: keyArn(1),
        NeededUntil: '2026-11-26T10:00:00.000Z',
        SafeToRetireFrom: null,
        LastUsage: { Status: 'NOT_KNOWN', Reason: 'denied' },
      },
    ]);
    const without = await shown({});
    expect(without.text).not.toContain('Keys that records need');
    expect(without.document).not.toHaveProperty('KeyNeeds');
  });
});
