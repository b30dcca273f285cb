import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createContext } from '../../../../cli/environment/context.ts';
import { gatherConfiguration } from '../../../../cli/report/lookup/configuration.ts';
import {
  stackId,
  startCloudFormation,
  TEMPLATE,
} from '../../../support/cli/cloudformation.ts';
import { temporaryDirectory } from '../../../support/local/temporary-directory.ts';

const hashOf = (bytes: string | Buffer) =>
  createHash('sha256').update(bytes).digest('hex');

const UNINTERRUPTED = {
  signal: new AbortController().signal,
  forceQuit: new AbortController().signal,
  exitCode: () => undefined,
};
const inFile = (path: string) =>
  createContext(UNINTERRUPTED, () => ({ rotations: path }));

const deployment = (StackId: string) => ({
  Stage: 'prod',
  StackId,
  UpdatedAt: '2026-01-01T00:00:00.000Z',
  StateMachineArn: 'arn:machine',
  LedgerTableName: 'ledger',
});

const DEPLOYED = JSON.stringify({
  Metadata: {
    KinesisKeyRotation: {
      RotationsSha256: 'ab'.repeat(32),
      Streams: [{ StreamName: 'b', KeyIds: ['alias/a', 'alias/b'] }],
    },
  },
});

async function withCloudFormation() {
  vi.stubEnv(
    'AWS_ENDPOINT_URL_CLOUDFORMATION',
    await startCloudFormation(
      { prod: {}, 'a-secret': {}, 'kinesis-key-rotation-prod': {} },
      onTestFinished,
      { templates: { 'kinesis-key-rotation-prod': DEPLOYED } },
    ),
  );
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  vi.stubEnv('AWS_REGION', 'us-east-1');
  onTestFinished(() => void vi.unstubAllEnvs());
}

describe('gatherConfiguration', () => {
  it('hashes the bytes of rotations.yml that were read, and reads it once', async () => {
    const path = join(await temporaryDirectory(), 'rotations.yml');
    const bytes = Buffer.from([
      ...Buffer.from(
        'Streams: [{StreamName: a, KeyIds: [alias/a, alias/b]}] # ',
      ),
      // Not UTF-8.
      0xff,
    ]);
    await writeFile(path, bytes);
    const context = inFile(path);
    expect(await context.rotations()).toMatchObject([{ StreamName: 'a' }]);
    await writeFile(path, 'changed');
    const { rotations, template } = await gatherConfiguration(
      context,
      undefined,
    );
    expect(rotations).toEqual({ status: 'READ', path, sha256: hashOf(bytes) });
    expect(template).toEqual({ status: 'NOT_DEPLOYED' });
  });

  it('does not know the hash of a file that cannot be read', async () => {
    const path = join(await temporaryDirectory(), 'nowhere.yml');
    const { rotations } = await gatherConfiguration(inFile(path), undefined);
    expect(rotations).toEqual({
      status: 'UNKNOWN',
      reason: expect.stringMatching(/cannot be read: ENOENT/),
    });
  });

  it('hashes the template of the stack, as CloudFormation returns it', async () => {
    await withCloudFormation();
    const prod = deployment(stackId('prod'));
    const { template } = await gatherConfiguration(inFile('x'), prod);
    expect(template).toEqual({
      status: 'READ',
      stackId: stackId('prod'),
      updatedAt: '2026-01-01T00:00:00.000Z',
      sha256: hashOf(TEMPLATE),
    });
  });

  it('has the hash of the rotations.yml that is deployed to a stage', async () => {
    await withCloudFormation();
    const context = createContext(UNINTERRUPTED, () => ({ stage: 'prod' }));
    const prod = deployment(stackId('prod'));
    const { rotations } = await gatherConfiguration(context, prod);
    expect(rotations).toEqual({ status: 'DEPLOYED', sha256: 'ab'.repeat(32) });
  });

  it('does not know the hash of a template that it may not read', async () => {
    await withCloudFormation();
    const denied = deployment(stackId('a-secret'));
    const { template } = await gatherConfiguration(inFile('x'), denied);
    expect(template).toEqual({
      status: 'UNKNOWN',
      reason: expect.stringMatching(
        /^AccessDenied: .* cloudformation:GetTemplate/,
      ),
    });
  });
});
