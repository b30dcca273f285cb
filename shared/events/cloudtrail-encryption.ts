import * as v from 'valibot';
import { RotationError } from '../errors/errors.ts';
import { quote } from '../errors/text.ts';
import {
  parseStreamArn,
  STREAM_NAME,
  toStreamArn,
} from '../identifiers/arn.ts';
import type { ReportedStop } from '../ledger/entry.ts';
import type { CloudTrailStart } from '../ledger/external-starts.ts';

/** AWS reports nothing longer, and a ledger item must hold it. */
const MAX_TEXT = 2048;
const TEXT = v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_TEXT));

/** Of a key or a caller that the event does not name: the call counts all the same. */
const UNKNOWN = 'unknown';

/** An AWS service that calls on its own has no ARN. */
const IDENTITY = v.fallback(
  v.union([v.object({ arn: TEXT }), v.object({ invokedBy: TEXT })]),
  { arn: UNKNOWN },
);

const RESOURCES = v.fallback(v.array(v.looseObject({ ARN: v.string() })), []);

const TIME = v.pipe(
  v.string(),
  v.isoTimestamp(),
  v.transform(Date.parse),
  v.number(),
);

/** The fields of CloudTrail's event that are needed. */
const EVENT = v.object({
  account: v.nullish(v.string()),
  detail: v.object({
    eventName: v.picklist(['StartStreamEncryption', 'StopStreamEncryption']),
    eventTime: TIME,
    awsRegion: TEXT,
    requestID: TEXT,
    errorCode: v.nullish(v.pipe(v.string(), v.maxLength(MAX_TEXT))),
    recipientAccountId: v.nullish(v.string()),
    userIdentity: IDENTITY,
    requestParameters: v.nullish(v.record(v.string(), v.unknown())),
    resources: v.optional(RESOURCES, []),
  }),
});

/** A call that changes the encryption of a stream. */
export type EncryptionCall =
  | { Status: 'REFUSED'; Call: Call; ErrorCode: string; RequestId: string }
  | AppliedCall;

type AppliedCall = { Status: 'APPLIED'; StreamARN: string } & (
  | ({ Call: 'StartStreamEncryption' } & CloudTrailStart)
  | ({ Call: 'StopStreamEncryption' } & ReportedStop)
);

type Call = AppliedCall['Call'];

const FROM_CLOUDTRAIL = v.object({
  'detail-type': v.literal('AWS API Call via CloudTrail'),
});

/** Whether CloudTrail sent an event, rather than another caller of the function. */
export function isFromCloudTrail(event: unknown): boolean {
  return v.is(FROM_CLOUDTRAIL, event);
}

/**
 * Reads CloudTrail's record of a StartStreamEncryption or StopStreamEncryption, as
 * EventBridge delivers it. The names of request parameters are matched without regard
 * to case. A key or a caller that the event does not name is `unknown`.
 *
 * @param partition of the ARN, for a stream that the event gives by name only
 * @throws {RotationError} InvalidRequest for anything else
 * @see https://docs.aws.amazon.com/streams/latest/dev/logging-using-cloudtrail.html
 */
export function parseEncryptionCall(
  event: unknown,
  partition: string,
): EncryptionCall {
  const parsed = v.safeParse(EVENT, event, { abortEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw invalid(`${v.getDotPath(issue) ?? 'it'}: ${issue.message}`);
  }
  const { detail } = parsed.output;
  const { errorCode, requestID: RequestId, userIdentity: caller } = detail;
  const { eventName: Call } = detail;
  if (errorCode) {
    return { Status: 'REFUSED', Call, ErrorCode: errorCode, RequestId };
  }

  const parameters = new Map(
    Object.entries(detail.requestParameters ?? {}).map(([name, value]) => [
      name.toLowerCase(),
      value,
    ]),
  );
  const applied = {
    Status: 'APPLIED' as const,
    StreamARN: streamArnOf(parsed.output, parameters, partition),
    RequestId,
    At: detail.eventTime,
    By: 'arn' in caller ? caller.arn : caller.invokedBy,
  };
  // The key of a Stop is the one that the stream leaves.
  if (Call === 'StopStreamEncryption') return { Call, ...applied };
  const keyId = parameters.get('keyid');
  const isKey = typeof keyId === 'string' && keyId.length <= MAX_TEXT;
  const KeyId = isKey && keyId !== '' ? keyId : UNKNOWN;
  return { Call, ...applied, KeyId };
}

function streamArnOf(
  { account, detail }: v.InferOutput<typeof EVENT>,
  parameters: ReadonlyMap<string, unknown>,
  partition: string,
): string {
  const owner = detail.recipientAccountId ?? account;
  const arn = parameters.get('streamarn');
  const name = parameters.get('streamname');
  const isNamed = typeof name === 'string' && STREAM_NAME.test(name);
  const StreamARN =
    typeof arn === 'string'
      ? arn
      : isNamed
        ? toStreamArn(
            { partition, region: detail.awsRegion, account: `${owner}` },
            name,
          )
        : detail.resources.find(({ ARN }) => parseStreamArn(ARN))?.ARN;
  if (StreamARN !== undefined && parseStreamArn(StreamARN)) return StreamARN;
  throw invalid(
    `requestParameters names no stream: streamARN ${quote(arn)}, streamName ${quote(name)}, account ${quote(owner)}`,
  );
}

function invalid(reason: string): RotationError {
  return new RotationError(
    'InvalidRequest',
    `This is not CloudTrail's event of a StartStreamEncryption or StopStreamEncryption: ${reason}`,
  );
}
