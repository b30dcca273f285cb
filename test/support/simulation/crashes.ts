import { usage } from '../../../shared/ledger/usage.ts';
import { CLOCK_MARGIN_MS } from '../../../shared/ledger/window.ts';
import { type Fault, refusal } from './transport.ts';
import { pause } from './virtual-time.ts';
import { inWorld } from './world.ts';

/** What happens at the nth call of a rotation, counted from 0. */
export interface Crash {
  call: number;
  fault: Extract<Fault, 'killed before' | 'killed after' | 'answered late'>;
}

export interface Experiment {
  crashes: readonly Crash[];
  /** Whether KMS refuses the first probe, so that the rotation rolls back. */
  isRollingBack: boolean;
  /** Whether it watches an alarm, which is raised in place of that refusal. */
  isBaking?: boolean;
  /** Whether it is a REVERT of a rotation before it. */
  isReverting?: boolean;
  /**
   * What follows a kill: Step Functions retries; or the execution is stopped
   * at the first or the last one, and settled by its event.
   */
  ending: 'retried' | 'abandoned at once' | 'abandoned in the end';
  /** Whether the clocks of functions are behind AWS's, or ahead. */
  clocks: 'behind' | 'ahead';
}

/** What a rotation that crashed came to. */
export interface Observed {
  ends: string;
  /** Keys that Kinesis applied, in order. */
  applied: string[];
  /** Slots that the ledger counts. */
  slots: number;
  /** The call at which each crash was met, as function and operation. */
  met: string[];
  /** All calls of the rotation. */
  calls: number;
}

const STREAM = 'orders';
const BEFORE = 'alias/before';
const AFTER = 'alias/after';

/** Rotates a stream from one key to another, with crashes on the way. */
export function runCrashes(experiment: Experiment): Promise<Observed> {
  const { crashes, isRollingBack, isBaking, isReverting } = experiment;
  const { ending, clocks } = experiment;
  const skew = clocks === 'behind' ? -CLOCK_MARGIN_MS : CLOCK_MARGIN_MS;
  const met: string[] = [];
  let calls = 0;
  let isCounted = false;
  let probes = 0;
  let probedAt = Number.POSITIVE_INFINITY;
  return inWorld(
    {
      seed: 1,
      replay: JSON.stringify(experiment),
      skews: () => [skew],
      updateMs: () => 3_000,
      alarmState: () =>
        isRollingBack && Date.now() > probedAt + 90_000 ? 'ALARM' : 'OK',
      faultOf: ({ by, operation }) => {
        if (operation === 'PutRecord') {
          probedAt = Math.min(probedAt, Date.now());
        }
        if (by.rotationId === undefined || !isCounted) return undefined;
        const call = calls++;
        const crash = crashes.find((one) => one.call === call);
        if (crash === undefined) {
          const isRefused = operation === 'PutRecord' && ++probes === 1;
          return isRefused && isRollingBack && !isBaking
            ? refusal('KMSDisabledException')
            : undefined;
        }
        met.push(`${by.functionName} ${operation}`);
        return crash.fault;
      },
    },
    async (world) => {
      const { keys, kinesis, executions, invariants } = world;
      for (const alias of [BEFORE, AFTER]) keys.ensure(alias);
      kinesis.create(STREAM);
      kinesis.answer('StartStreamEncryption', {
        StreamName: STREAM,
        KeyId: BEFORE,
      });
      await pause(60_000);
      const bake = { BakeMinutes: 3, BakeAlarms: ['errors'] };
      const ring = { StreamName: STREAM, KeyIds: [BEFORE, AFTER] };
      const request = isReverting
        ? { ...ring, Mode: 'REVERT' }
        : { StreamName: STREAM, KeyId: AFTER, ...(isBaking && bake) };
      if (isReverting) {
        executions.start(STREAM, ring);
        await executions.idle();
      }
      isCounted = true;
      const execution = executions.start(STREAM, request);
      world.onKill = () => {
        const isLast = met.length === crashes.length;
        if (
          ending === 'abandoned at once' ||
          (isLast && ending !== 'retried')
        ) {
          execution.stop();
        }
      };
      await executions.idle();
      isCounted = false;
      // Delivered again, it never moves the stream back.
      if (isReverting) executions.start(STREAM, request);
      await executions.idle();
      invariants.atEnd(STREAM);
      const { result } = execution;
      const entry = invariants.entry(STREAM);
      return {
        ends:
          result?.Status === 'SUCCEEDED'
            ? (result.Output as { Outcome: string }).Outcome
            : `${result?.Error}`,
        applied: kinesis
          .stream(STREAM)
          .starts.slice(1)
          .map((one) => one.keyId),
        slots: usage(entry, Date.now() + skew).Used,
        met,
        calls,
      };
    },
  );
}
