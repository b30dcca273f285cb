import { parseEncryptionCall } from '../../shared/events/cloudtrail-encryption.ts';
import { quotaLedger } from '../../shared/lambda/clients.ts';
import { taskHandler } from '../../shared/lambda/handler.ts';
import { logger } from '../../shared/lambda/logger.ts';
import type { ReportedStop } from '../../shared/ledger/entry.ts';
import type { ExternalStartStatus } from '../../shared/ledger/external-starts.ts';
import type { ExternalStopStatus } from '../../shared/ledger/external-stops.ts';
import type { QuotaLedger } from '../../shared/ledger/quota-ledger.ts';
import type { Quota } from '../../shared/ledger/usage.ts';

interface Dependencies {
  ledger: QuotaLedger;
  /** The partition of ARNs in this Region, such as `aws` or `aws-cn`. */
  partition: string;
}

export type RecordedCall = { Status: 'SUCCEEDED'; RequestId: string } & (
  | {
      Outcome: ExternalStartStatus;
      StreamARN: string;
      KeyId: string;
      /** ARN of the caller. */
      By: string;
      Quota: Quota;
    }
  | {
      Outcome: ExternalStopStatus;
      StreamARN: string;
      /** ARN of the caller. */
      By: string;
    }
  | { Outcome: 'REFUSED_BY_AWS'; ErrorCode: string }
);

/**
 * Records a StartStreamEncryption that CloudTrail reports, unless the ledger made
 * it or AWS refused it, and a StopStreamEncryption, which the ledger never makes. May
 * be called any number of times for one event.
 *
 * @throws InvalidRequest for another event, LedgerContended
 */
export function createRecordExternalStart({ ledger, partition }: Dependencies) {
  return taskHandler(async (event: unknown): Promise<RecordedCall> => {
    const call = parseEncryptionCall(event, partition);
    const { RequestId, Call } = call;
    if (call.Status === 'REFUSED') {
      const { ErrorCode } = call;
      logger.info('Call not recorded: AWS refused it', {
        RequestId,
        Call,
        ErrorCode,
      });
      return {
        Status: 'SUCCEEDED',
        Outcome: 'REFUSED_BY_AWS',
        RequestId,
        ErrorCode,
      };
    }
    if (call.Call === 'StopStreamEncryption') return recordStop(ledger, call);
    const { StreamARN, KeyId, By } = call;
    const { Outcome, Quota } = await ledger.recordExternalStart(
      StreamARN,
      call,
    );
    logger.info('Start reported', { Outcome, StreamARN, RequestId, KeyId, By });
    return {
      Status: 'SUCCEEDED',
      Outcome,
      RequestId,
      StreamARN,
      KeyId,
      By,
      Quota,
    };
  });
}

async function recordStop(
  ledger: QuotaLedger,
  stop: ReportedStop & { StreamARN: string },
): Promise<RecordedCall> {
  const { StreamARN, RequestId, By } = stop;
  const Outcome = await ledger.recordExternalStop(StreamARN, stop);
  logger.warn('Stop reported', { Outcome, StreamARN, RequestId, By });
  return { Status: 'SUCCEEDED', Outcome, RequestId, StreamARN, By };
}

export const handler = createRecordExternalStart({
  ledger: quotaLedger(),
  partition: process.env.PARTITION || 'aws',
});
