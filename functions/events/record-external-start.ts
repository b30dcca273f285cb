import { parseCloudTrailStart } from '../../shared/events/cloudtrail-start.ts';
import { quotaLedger } from '../../shared/lambda/clients.ts';
import { taskHandler } from '../../shared/lambda/handler.ts';
import { logger } from '../../shared/lambda/logger.ts';
import type { ExternalStartStatus } from '../../shared/ledger/external-starts.ts';
import type { QuotaLedger } from '../../shared/ledger/quota-ledger.ts';
import type { Quota } from '../../shared/ledger/usage.ts';

interface Dependencies {
  ledger: QuotaLedger;
  /** The partition of ARNs in this Region, such as `aws` or `aws-cn`. */
  partition: string;
}

export type RecordedStart = { Status: 'SUCCEEDED'; RequestId: string } & (
  | {
      Outcome: ExternalStartStatus;
      StreamARN: string;
      KeyId: string;
      /** ARN of the caller. */
      By: string;
      Quota: Quota;
    }
  | { Outcome: 'REFUSED_BY_AWS'; ErrorCode: string }
);

/**
 * Records a StartStreamEncryption that CloudTrail reports, unless the ledger made
 * it or AWS refused it. May be called any number of times for one event.
 *
 * @throws InvalidRequest for another event, LedgerContended
 */
export function createRecordExternalStart({ ledger, partition }: Dependencies) {
  return taskHandler(async (event: unknown): Promise<RecordedStart> => {
    const start = parseCloudTrailStart(event, partition);
    const { RequestId } = start;
    if (start.Status === 'REFUSED') {
      const { ErrorCode } = start;
      logger.info('Start not recorded: AWS refused it', {
        RequestId,
        ErrorCode,
      });
      return {
        Status: 'SUCCEEDED',
        Outcome: 'REFUSED_BY_AWS',
        RequestId,
        ErrorCode,
      };
    }
    const { StreamARN, KeyId, By } = start;
    const { Outcome, Quota } = await ledger.recordExternalStart(
      StreamARN,
      start,
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

export const handler = createRecordExternalStart({
  ledger: quotaLedger(),
  partition: process.env.PARTITION || 'aws',
});
