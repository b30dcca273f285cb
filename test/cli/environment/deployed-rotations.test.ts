import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  createContext,
  type RotationsFlags,
} from '../../../cli/environment/context.ts';
import { startCloudFormation } from '../../support/cli/cloudformation.ts';
import { temporaryDirectory } from '../../support/local/temporary-directory.ts';

const UNINTERRUPTED = {
  signal: new AbortController().signal,
  forceQuit: new AbortController().signal,
  exitCode: () => undefined,
};

const FILE = 'Streams: [{StreamName: local, KeyIds: [alias/a, alias/b]}]';
const STREAM = { StreamName: 'deployed', KeyIds: ['alias/a', 'alias/b'] };
const LOCAL_STREAM = { ...STREAM, StreamName: 'local' };
const sha256 = (text: string) =>
  createHash('sha256').update(text).digest('hex');

const keeping = (Streams: unknown, RotationsSha256 = '0') =>
  JSON.stringify({
    Metadata: { KinesisKeyRotation: { RotationsSha256, Streams } },
  });

let said: string;

beforeEach(async () => {
  said = '';
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    said += text;
    return true;
  });
  onTestFinished(() => spy.mockRestore());
});

/** A context of a stage, in a folder with a file or without one. */
async function contextOf(
  templates: Record<string, string>,
  flags: RotationsFlags,
  file?: string,
) {
  const stacks = [...Object.keys(templates), 'secret'].map(
    (stage) => [`kinesis-key-rotation-${stage}`, {}] as const,
  );
  const endpoint = await startCloudFormation(
    Object.fromEntries(stacks),
    onTestFinished,
    {
      templates: Object.fromEntries(
        Object.entries(templates).map(([stage, text]) => [
          `kinesis-key-rotation-${stage}`,
          text,
        ]),
      ),
    },
  );
  vi.stubEnv('AWS_ENDPOINT_URL_CLOUDFORMATION', endpoint);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  vi.stubEnv('AWS_REGION', 'us-east-1');
  const folder = await temporaryDirectory(onTestFinished);
  const path = join(folder, 'rotations.yml');
  if (file !== undefined) await writeFile(path, file);
  const spy = vi.spyOn(process, 'cwd').mockReturnValue(folder);
  onTestFinished(() => {
    spy.mockRestore();
    vi.unstubAllEnvs();
  });
  return { context: createContext(UNINTERRUPTED, () => flags), path };
}

describe('the rotations.yml of a stage', () => {
  it('is the deployed one, without a local file too', async () => {
    const { context } = await contextOf(
      { prod: keeping([STREAM]) },
      { stage: 'prod' },
    );
    expect(await context.rotations()).toEqual([STREAM]);
    expect(said).toBe('');
  });

  it('has the alarms of WatchStream as the stage names them', async () => {
    const stream = { ...STREAM, BakeMinutes: 15, WatchStream: true };
    const namesOf = async (flags: RotationsFlags) => {
      const kept = { prod: keeping([stream]) };
      const file = JSON.stringify({ Streams: [stream] });
      const { context } = await contextOf(kept, flags, file);
      const [entry] = await context.rotations();
      return entry?.BakeAlarms?.[0];
    };
    const name = `watch-put-record-${STREAM.StreamName}`;
    expect(await namesOf({ stage: 'prod' })).toBe(
      `kinesis-key-rotation-prod-${name}`,
    );
    expect(await namesOf({})).toBe(`kinesis-key-rotation-local-${name}`);
  });

  it('is the deployed one where the local file differs, and one line says so', async () => {
    const { context } = await contextOf(
      { prod: keeping([STREAM]) },
      { stage: 'prod' },
      FILE,
    );
    expect(await context.rotations()).toEqual([STREAM]);
    await context.rotations();
    expect(said).toMatch(
      /rotations\.yml differs from what is deployed to stage prod; this command uses the deployed one; deploy it, or give --rotations\n$/,
    );
    expect(said.match(/\n/g)).toHaveLength(1);
    expect(await context.localRotations()).toEqual([LOCAL_STREAM]);
  });

  it.each([
    ['the same bytes', [STREAM], sha256(FILE)],
    ['the same streams in other words', [LOCAL_STREAM], '0'],
  ])('does not differ by %s', async (_, streams, hash) => {
    const { context } = await contextOf(
      { prod: keeping(streams, hash) },
      { stage: 'prod' },
      FILE,
    );
    expect(await context.rotations()).toEqual(streams);
    expect(said).toBe('');
  });

  it('differs from a local file that cannot be used', async () => {
    const { context } = await contextOf(
      { prod: keeping([STREAM]) },
      { stage: 'prod' },
      'Streams: []',
    );
    expect(await context.rotations()).toEqual([STREAM]);
    expect(said).toContain('differs from what is deployed');
  });

  it('is the file of --rotations where it is given', async () => {
    const flags: RotationsFlags = { stage: 'prod' };
    const { context, path } = await contextOf(
      { prod: keeping([STREAM]) },
      flags,
      FILE,
    );
    flags.rotations = path;
    expect(await context.rotations()).toEqual([LOCAL_STREAM]);
    expect(said).toBe('');
  });

  it.each([
    [
      'an older version',
      'prod',
      /^An older version deployed stage prod, and its stack keeps no rotations\.yml; this command uses .*rotations\.yml\n$/,
    ],
    [
      'a denied GetTemplate',
      'secret',
      /^The rotations\.yml that is deployed to stage secret is unknown \(AccessDenied: .*cloudformation:GetTemplate.*\); this command uses .*rotations\.yml\n$/,
    ],
  ])(
    'is the local file after %s, and one line says so',
    async (_, stage, line) => {
      const { context } = await contextOf(
        { prod: '{"Resources":{}}' },
        { stage },
        FILE,
      );
      expect(await context.rotations()).toEqual([LOCAL_STREAM]);
      expect(said).toMatch(line);
    },
  );

  it('is unknown where there is no stack', async () => {
    const { context } = await contextOf({}, { stage: 'nowhere' }, FILE);
    await expect(context.rotations()).rejects.toThrow(
      /^There is no stack kinesis-key-rotation-nowhere in Region us-east-1/,
    );
  });

  it('is unknown where another version deployed fields that this one does not know', async () => {
    const { context } = await contextOf(
      { prod: keeping([{ ...STREAM, Colour: 'red' }]) },
      { stage: 'prod' },
      FILE,
    );
    await expect(context.rotations()).rejects.toThrow(
      /^rotations\.yml of kinesis-key-rotation-prod: Streams\[0\]: "Colour" is not a field .*Another version deployed it: use that version, or give --rotations$/,
    );
  });
});
