import { localExecutions } from '../../local/runner/rotation.ts';
import {
  dynamoDbClient,
  kinesisClient,
  kmsClient,
  ledgerTableName,
} from '../../shared/lambda/clients.ts';
import type { CommandContext } from '../environment/context.ts';
import type { AwsOptions } from '../environment/deployment.ts';
import { withEnvironment } from '../environment/environment.ts';
import { chosenRequest } from '../input/request.ts';
import type { RequestFlags } from '../input/request-flags.ts';
import { bad, good } from '../output/color.ts';
import { quotaText } from '../output/outcome-text.ts';
import { type OutputOptions, render } from '../output/render.ts';
import { labelledRow, rowTable } from '../output/table.ts';
import {
  previewRotation,
  type RotationPreview,
} from '../preview/rotation-preview.ts';
import { fleetRequests } from './rotate-all.ts';

export interface PlanOptions extends AwsOptions, OutputOptions, RequestFlags {
  /** Every stream of rotations.yml. */
  all?: boolean;
}

/**
 * Prints what a rotation would do, and changes nothing.
 *
 * @returns the exit code: 1 where a rotation would fail
 * @throws InvalidRequest before anything is started
 */
export async function plan(
  options: PlanOptions,
  context: CommandContext,
): Promise<number> {
  const requests = options.all
    ? await fleetRequests(options, context)
    : [await chosenRequest(options, context)];
  return withEnvironment(options, context, async (environment) => {
    const { deployment, region, account } = environment;
    const executions = deployment
      ? `${deployment.StateMachineArn.replace(':stateMachine:', ':execution:')}:`
      : localExecutions(region, 'rotate-stream', account);
    const clients = {
      kinesis: kinesisClient(),
      kms: kmsClient(),
      dynamodb: dynamoDbClient(),
      tableName: ledgerTableName(),
      now: Date.now,
    };
    try {
      const previews: RotationPreview[] = [];
      for (const request of requests) {
        previews.push(await previewRotation(request, executions, clients));
      }
      const [first] = previews;
      const text =
        options.all || first === undefined
          ? render(previews, options, () => previewTable(previews))
          : render(first, options, () => previewText(first));
      process.stdout.write(text);
      return previews.some(({ Expected }) => Expected === 'FAILED') ? 1 : 0;
    } finally {
      clients.kinesis.destroy();
      clients.kms.destroy();
      clients.dynamodb.destroy();
    }
  });
}

/** A preview in lines for people. */
export function previewText(preview: RotationPreview): string {
  const { QuotaBefore, QuotaAfter, Estimate } = preview;
  return [
    headText(preview),
    ...(preview.Cause ? [preview.Cause] : []),
    ...labelledRow('Waits', preview.WaitsFor && `for ${preview.WaitsFor}`),
    ...labelledRow('Key', preview.KeyArn),
    ...labelledRow('From', preview.PreviousKeyArn),
    ...labelledRow(
      'Return',
      preview.NoWayBack &&
        `impossible after a failed probe: ${preview.NoWayBack}`,
    ),
    ...labelledRow('Quota', QuotaBefore && quotaText(QuotaBefore)),
    ...labelledRow('After', QuotaAfter && quotaText(QuotaAfter)),
    ...(Estimate
      ? [
          ...labelledRow(
            'Takes',
            `about ${Estimate.Seconds} s: ${Estimate.BasedOn}`,
          ),
          ...labelledRow(
            'Calls',
            Object.entries(Estimate.Calls)
              .filter(([, count]) => count > 0)
              .map(([name, count]) => `${count} ${name}`)
              .join(', '),
          ),
          ...labelledRow(
            'Cost',
            `about ${usd(Estimate.CostUsd)} at the list prices of us-east-1`,
          ),
        ]
      : []),
    'Nothing was changed.',
  ].join('\n');
}

/** A line a stream, and what all of them come to. */
export function previewTable(previews: readonly RotationPreview[]): string {
  const failing = previews.filter(({ Expected }) => Expected === 'FAILED');
  const cost = previews.reduce(
    (sum, { Estimate }) => sum + (Estimate?.CostUsd ?? 0),
    0,
  );
  return [
    rowTable(
      ['Stream', 'Would end as', 'Key', 'Why', 'Slots left'],
      previews.map((preview) => [
        preview.StreamName,
        expectedText(preview),
        moveText(preview),
        preview.Cause ?? preview.WaitsFor ?? preview.Reason,
        String(
          (preview.QuotaAfter ?? preview.QuotaBefore)?.Remaining ?? 'unknown',
        ),
      ]),
    ),
    `${previews.length} ${previews.length === 1 ? 'stream' : 'streams'}, ${failing.length} would fail, about ${usd(cost)}. Nothing was changed.`,
  ].join('\n');
}

function headText(preview: RotationPreview): string {
  const { StreamName, Reason } = preview;
  const what = [moveText(preview), Reason].filter(Boolean).join(', ');
  return `${expectedText(preview)} ${StreamName}: ${what}`;
}

function expectedText({ Expected, Error: name }: RotationPreview): string {
  return Expected === 'FAILED' ? bad(`FAILED ${name}`) : good(Expected);
}

function moveText({ Expected, KeyId, ...from }: RotationPreview): string {
  if (KeyId === undefined) return '';
  if (Expected === 'UNCHANGED') return KeyId;
  return `${from.PreviousKeyId ?? 'not encrypted'} -> ${KeyId}`;
}

const usd = (amount: number) => `USD ${amount.toFixed(5)}`;
