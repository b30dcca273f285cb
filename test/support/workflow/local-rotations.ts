import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import {
  type RotationOptions,
  runRotation,
} from '../../../local/runner/rotation.ts';
import {
  type LocalAws,
  openLocalAws,
} from '../../../local/session/local-aws.ts';
import type { RotationsStream } from '../../../shared/config/rotations-stream.ts';
import type { RightsSettings } from '../../../stack/organization/rights.ts';
import { type Authorizer, underRoles } from '../iam/under-roles.ts';

/** The waits that Kinesis needs and an emulator does not, in milliseconds. */
const SHORT_WAITS = {
  WaitForPropagation: 0,
  WaitForUpdate: 20,
  WaitForStream: 20,
  WaitToStart: 0,
};

export interface LocalRotations extends LocalAws {
  waits: typeof SHORT_WAITS;
  /** Authorizes what {@link rotate} calls, as the packaged roles would. */
  iam: Authorizer;
  /** A stream of its own for a test, with a ring of its own. */
  nextStream: () => RotationsStream;
  rotate: (
    request: unknown,
    options?: Partial<RotationOptions>,
  ) => ReturnType<typeof runRotation>;
}

/** Listed for the roles, though there is no such stream. */
export const MISSING_STREAM = 'missing';

/** The alarm that a stream's rotations may watch. */
export const bakeAlarm = (streamName: string) => `${streamName}-errors`;

/**
 * An embedded AWS in a folder of its own, with streams to be rotated.
 *
 * @param settings of the deployment whose roles the functions have
 */
export async function openLocalRotations(
  updateSeconds: number,
  streams = 1,
  settings: RightsSettings = {},
): Promise<LocalRotations> {
  const directory = await mkdtemp(join(tmpdir(), 'rotations-'));
  vi.stubEnv('LOCAL_DIR', directory);
  vi.stubEnv('LOCAL_UPDATE_SECONDS', String(updateSeconds));
  const entries = Array.from({ length: streams }, (_, i) => ({
    StreamName: `stream-${i}`,
    KeyIds: [`alias/${i}-a`, `alias/${i}-b`, `alias/${i}-c`],
  }));
  const aws = await openLocalAws(entries);
  const listed = entries.map((entry) => ({
    ...entry,
    BakeAlarms: [bakeAlarm(entry.StreamName)],
  }));
  const missing = {
    StreamName: MISSING_STREAM,
    KeyIds: ['alias/0-a', 'alias/0-b'],
  };
  const iam = underRoles([...listed, missing], undefined, undefined, settings);
  let next = 0;
  return {
    ...aws,
    waits: SHORT_WAITS,
    iam,
    close: async () => {
      const denied = iam.calls.filter(({ allowed }) => !allowed);
      iam.close();
      await aws.close();
      await rm(directory, { recursive: true });
      if (denied.length > 0) throw new Error(deniedText(denied));
    },
    nextStream: () => {
      const entry = entries[next++];
      if (entry === undefined) throw new Error('Ask for more streams');
      return entry;
    },
    rotate: (request, options) =>
      runRotation({
        request,
        region: aws.region,
        waits: SHORT_WAITS,
        ...options,
        handlers: iam.authorized(options?.handlers ?? aws.handlers),
      }),
  };
}

function deniedText(calls: Authorizer['calls']): string {
  const lines = calls.map(
    ({ role, action, resource }) => `${role} may not ${action} ${resource}`,
  );
  return `The packaged roles deny calls of a test that expects none:\n${[...new Set(lines)].join('\n')}`;
}
