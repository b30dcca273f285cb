import pMap from 'p-map';
import { untilAborted } from '../../local/session/until-aborted.ts';
import type {
  AccessCheck,
  AccessSettings,
} from '../../shared/config/access-settings.ts';
import { legible } from '../../shared/errors/text.ts';
import { kmsClient } from '../../shared/lambda/clients.ts';
import type { CommandContext } from '../environment/context.ts';
import type { Environment } from '../environment/environment.ts';
import type { RotationPreview } from '../preview/rotation-preview.ts';
import type { AccessReport } from './access-report.ts';
import { checkAccess, emptyReport } from './check-access.ts';
import type { Move } from './move.ts';
import { type AccessSource, accessSource } from './sources/access-source.ts';
import { whyNoIam } from './sources/iam-endpoints.ts';

/** Streams that are checked at a time. */
const CONCURRENCY = 4;
/** For the checks of all streams, in milliseconds. */
const CHECK_TIMEOUT_MS = 60_000;

/** Where a check is made, and by which settings. */
export interface CheckOptions {
  /** In the place of what rotations.yml says. */
  accessCheck?: AccessCheck | undefined;
  timeoutMs?: number;
}

/** Adds to previews who would lose access, unless their AccessCheck is OFF. */
export async function withAccess(
  previews: readonly RotationPreview[],
  { deployment }: Environment,
  context: Pick<CommandContext, 'rotations'>,
  { accessCheck, timeoutMs = CHECK_TIMEOUT_MS }: CheckOptions,
): Promise<RotationPreview[]> {
  const settingsOf = await readSettings(context, accessCheck);
  const isOff = ({ StreamName }: RotationPreview) =>
    settingsOf(StreamName).AccessCheck === 'OFF';
  if (previews.every((preview) => isOff(preview) || !isMoving(preview))) {
    return [...previews];
  }
  const kms = kmsClient({ maxAttempts: 2 });
  const why = whyNoIam(process.env, deployment === undefined);
  const iam: AccessSource['iam'] =
    why === undefined
      ? { value: (await import('./sources/iam-source.ts')).iamSource() }
      : { why };
  const source = accessSource(kms, iam);
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    return await pMap(
      previews,
      async (preview) => {
        const settings = settingsOf(preview.StreamName);
        if (isOff(preview) || !isMoving(preview)) return preview;
        const checking = checkPreview(preview, settings, source);
        const Access = await untilAborted(deadline, checking).catch(
          (error: Error) =>
            notChecked(
              settings,
              deadline.aborted
                ? `it took more than ${timeoutMs / 1000} s`
                : legible(`${error.name}: ${error.message}`),
            ),
        );
        return { ...preview, Access };
      },
      { concurrency: CONCURRENCY },
    );
  } finally {
    kms.destroy();
    if ('value' in iam) iam.value.destroy();
  }
}

/**
 * What rotations.yml says of the access check of a stream.
 *
 * @param accessCheck replaces that of every stream
 */
export async function readSettings(
  { rotations }: Pick<CommandContext, 'rotations'>,
  accessCheck: AccessCheck | undefined,
): Promise<(streamName: string) => AccessSettings> {
  // A request that names stream and key needs no file.
  const listed = await rotations().catch(() => []);
  return (streamName) => {
    const entry = listed.find(({ StreamName }) => StreamName === streamName);
    return { ...entry, ...(accessCheck && { AccessCheck: accessCheck }) };
  };
}

/** Whether a key would be applied that is another than now, or may be. */
function isMoving(preview: RotationPreview): boolean {
  const { Expected, KeyArn, PreviousKeyArn } = preview;
  return (
    Expected === 'ROTATED' &&
    (KeyArn === undefined || KeyArn !== PreviousKeyArn)
  );
}

async function checkPreview(
  preview: RotationPreview,
  settings: AccessSettings,
  source: AccessSource,
): Promise<AccessReport> {
  const { StreamARN, KeyArn, PreviousKeyArn, PreviousKeyId } = preview;
  if (StreamARN === undefined || KeyArn === undefined) {
    return notChecked(settings, 'its next key is unknown while it is busy');
  }
  const move: Move = {
    streamArn: StreamARN,
    oldKeyArn: PreviousKeyArn ?? null,
    oldKeyId: PreviousKeyId ?? null,
    newKeyArn: KeyArn,
    settings,
  };
  return checkAccess(move, source);
}

const notChecked = (settings: AccessSettings, why: string): AccessReport => ({
  ...emptyReport(settings),
  NotChecked: [why],
});
