import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { requestFromFlags } from '../../../cli/input/request-flags.ts';
import { temporaryDirectory } from '../../support/local/temporary-directory.ts';

const STREAM_ARN = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('requestFromFlags', () => {
  it('gives every flag its field', async () => {
    expect(
      await requestFromFlags({
        streamName: 'orders',
        streamArn: STREAM_ARN,
        encryptionType: 'KMS',
        keyId: 'alias/a',
        mode: 'RESTORE',
        onQuotaExhausted: 'WAIT',
        force: true,
        onVerificationFailed: 'KEEP',
        keepSlotForRollback: true,
      }),
    ).toEqual({
      StreamName: 'orders',
      StreamARN: STREAM_ARN,
      EncryptionType: 'KMS',
      KeyId: 'alias/a',
      Mode: 'RESTORE',
      OnQuotaExhausted: 'WAIT',
      Force: true,
      OnVerificationFailed: 'KEEP',
      KeepSlotForRollback: true,
    });
  });

  it('puts a ticket into the Trigger, which stays as the document has it', async () => {
    const Ticket = 'SEC-2291';
    expect(await requestFromFlags({ ticket: Ticket })).toEqual({
      Trigger: { Source: 'manual', Ticket },
    });
    const cliInputJson = '{"Trigger": {"Source": "alarm", "Note": "n"}}';
    expect(await requestFromFlags({ ticket: Ticket, cliInputJson })).toEqual({
      Trigger: { Source: 'alarm', Note: 'n', Ticket },
    });
    // Refused later, with its name.
    const wrong = { ticket: Ticket, cliInputJson: '{"Trigger": "hand"}' };
    expect(await requestFromFlags(wrong)).toEqual({ Trigger: 'hand' });
  });

  it('says nothing of flags that were not given', async () => {
    expect(await requestFromFlags({})).toEqual({});
    expect(await requestFromFlags({ force: false })).toEqual({ Force: false });
  });

  it.each([
    ['commas', ['alias/a,alias/b,alias/c']],
    ['spaces', ['alias/a', 'alias/b', 'alias/c']],
    ['both', ['alias/a,alias/b', 'alias/c']],
  ])('takes a ring whose keys are separated by %s', async (_, keyIds) => {
    expect(await requestFromFlags({ keyIds })).toEqual({
      KeyIds: ['alias/a', 'alias/b', 'alias/c'],
    });
  });

  it('lets flags override the document, field by field', async () => {
    const document = {
      StreamName: 'orders',
      KeyId: 'alias/a',
      Force: false,
      Probe: { PartitionKey: 'p', Data: '' },
    };
    const cliInputJson = JSON.stringify(document);

    expect(await requestFromFlags({ cliInputJson })).toEqual(document);
    expect(
      await requestFromFlags({ cliInputJson, keyId: 'alias/b', force: true }),
    ).toEqual({ ...document, KeyId: 'alias/b', Force: true });
  });

  it('lets a flag replace whatever named the stream or the key', async () => {
    const cliInputYaml = `
StreamName: orders
StreamARN: ${STREAM_ARN}
KeyIds: [alias/a, alias/b]
Mode: RESTORE
`;
    expect(
      await requestFromFlags({ cliInputYaml, streamName: 'payments' }),
    ).toEqual({
      StreamName: 'payments',
      KeyIds: ['alias/a', 'alias/b'],
      Mode: 'RESTORE',
    });
    expect(await requestFromFlags({ cliInputYaml, keyId: 'alias/c' })).toEqual({
      StreamName: 'orders',
      StreamARN: STREAM_ARN,
      KeyId: 'alias/c',
      Mode: 'RESTORE',
    });
    expect(
      await requestFromFlags({
        cliInputJson: `{"StreamName": "orders", "KeyId": "alias/a"}`,
        streamArn: STREAM_ARN,
        keyIds: ['alias/a,alias/b'],
      }),
    ).toEqual({ StreamARN: STREAM_ARN, KeyIds: ['alias/a', 'alias/b'] });
  });

  it('reads a document from a file, from here or from the root', async () => {
    const directory = await temporaryDirectory();
    const path = join(directory, 'my request.json');
    await writeFile(path, '{"StreamName": "orders"}');
    vi.stubEnv('INIT_CWD', directory);

    for (const cliInputJson of [
      `file://${basename(path)}`,
      `file://${path}`,
      `file://${encodeURI(path)}`,
    ]) {
      expect(await requestFromFlags({ cliInputJson })).toEqual({
        StreamName: 'orders',
      });
    }
  });

  it.each([
    [
      'JSON that does not parse',
      { cliInputJson: '{"StreamName": \n}' },
      ['--cli-input-json', '"{\\"StreamName\\": \\n}"', 'is not JSON'],
    ],
    [
      'YAML that does not parse',
      { cliInputYaml: 'StreamName: [\nKeyId: a' },
      ['--cli-input-yaml', '"StreamName: [\\nKeyId: a"', 'is not YAML'],
    ],
    ['JSON null', { cliInputJson: 'null' }, ['--cli-input-json "null"']],
    ['a JSON list', { cliInputJson: '[]' }, ['--cli-input-json "[]"']],
    ['a JSON text', { cliInputJson: '"a"' }, ['--cli-input-json']],
    ['empty YAML', { cliInputYaml: '' }, ['--cli-input-yaml ""']],
    [
      'a file that is not there',
      { cliInputYaml: 'file:///no/such.yml' },
      ['--cli-input-yaml "file:///no/such.yml"', 'ENOENT'],
    ],
    [
      'two documents',
      { cliInputJson: '{}', cliInputYaml: '{}' },
      ['--cli-input-json and --cli-input-yaml'],
    ],
  ])('refuses %s', async (_, flags, named) => {
    const error = await requestFromFlags(flags).catch((e: unknown) => e);

    expect(error).toMatchObject({ name: 'InvalidRequest' });
    const { message } = error as Error;
    expect(message).not.toContain('\n');
    for (const words of named) expect(message).toContain(words);
  });
});
