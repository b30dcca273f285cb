import { isDeepStrictEqual } from 'node:util';
import pMap from 'p-map';
import {
  type RotationsStream,
  requestFor,
} from '../../shared/config/rotations-stream.ts';
import { fieldOf } from '../../shared/json.ts';
import { logicalId } from '../../stack/names.ts';
import { explain } from '../errors/explain.ts';
import {
  type PreviewClients,
  previewRotation,
  type RotationPreview,
} from '../preview/rotation-preview.ts';

/** What becomes of a stream soon after a deployment. */
export interface Move {
  StreamName: string;
  /** For people: what starts a move, and from which key to which; none for no move. */
  reasons: string[];
  /** Whether drift only notifies, so that the stream was not looked at. */
  isAlertOnly: boolean;
  /**
   * For people: why it is unknown whether the stream is under a usable key of its ring,
   * or a RESTORE cannot run.
   */
  problem?: string;
}

/** Below what AWS allows an account, with the calls of each stream one after another. */
const STREAMS_AT_A_TIME = 3;

/**
 * Predicts which streams a deployment moves at once, and changes nothing: those that the
 * next sweep restores, and those whose `rate(...)` starts with the deployment.
 *
 * @param templates the deployed one, undefined for a first deployment; and the next one
 * @param executions how ARNs of executions begin where rotations run
 * @throws the reason of the signal
 */
export async function predictMoves(
  streams: readonly RotationsStream[],
  templates: { before: unknown; after: unknown },
  executions: string,
  clients: PreviewClients,
  signal: AbortSignal,
): Promise<Move[]> {
  return pMap(
    streams,
    async (stream): Promise<Move> => {
      const { StreamName } = stream;
      const rate = rateStart(stream, templates.before, templates.after);
      const reasons = rate === undefined ? [] : [rate];
      const isAlertOnly = stream.OnDrift === 'ALERT';
      if (isAlertOnly) return { StreamName, isAlertOnly, reasons };
      const request = { ...requestFor(stream), Mode: 'RESTORE' };
      try {
        const preview = await previewRotation(request, executions, clients);
        const { restore, problem } = restoreOf(preview);
        return {
          StreamName,
          isAlertOnly,
          reasons: [...(restore ? [restore] : []), ...reasons],
          ...(problem && { problem }),
        };
      } catch (error) {
        const problem = `unknown: ${explain(error).line}`;
        return { StreamName, isAlertOnly, reasons, problem };
      }
    },
    { concurrency: STREAMS_AT_A_TIME, signal },
  );
}

function restoreOf(preview: RotationPreview): {
  restore?: string;
  problem?: string;
} {
  const { Expected, KeyId, PreviousKeyId, Reason, WaitsFor } = preview;
  if (Expected === 'FAILED') {
    const { Error: name, Cause } = preview;
    return { problem: `cannot be restored: ${name}: ${Cause}` };
  }
  if (Expected === 'ALREADY_IN_PROGRESS') {
    return { restore: `to ${KeyId}: a rotation is moving it already` };
  }
  if (Expected === 'UNCHANGED') return {};
  if (KeyId === undefined) {
    return { problem: `unknown: it waits for ${WaitsFor ?? Reason}` };
  }
  const wait = WaitsFor ? `, and waits for ${WaitsFor}` : '';
  return {
    restore: `${PreviousKeyId ?? 'not encrypted'} -> ${KeyId}: ${Reason}; the next sweep starts a RESTORE${wait}`,
  };
}

/** Why a schedule starts a rotation with the deployment; undefined where none does. */
export function rateStart(
  { StreamName, Schedule, StartDate }: RotationsStream,
  before: unknown,
  after: unknown,
): string | undefined {
  if (!Schedule?.startsWith('rate(') || StartDate !== undefined) return;
  const id = logicalId('RotateSchedule', StreamName);
  const [from, to] = [before, after].map((template) =>
    fieldOf(fieldOf(template, 'Resources'), id),
  );
  if (isDeepStrictEqual(from, to)) return undefined;
  return from === undefined
    ? `to the next key of its ring: ${Schedule} is new and has no StartDate, so its first rotation starts at once`
    : `perhaps to the next key of its ring: ${Schedule} changes and has no StartDate, and AWS does not say whether it then starts at once`;
}
