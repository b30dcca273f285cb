import { accessLines, accessRows } from '../access-check/access-text.ts';
import { bad, doubtful, good } from '../output/color.ts';
import { quotaText } from '../output/outcome-text.ts';
import { labelledRow, rowTable } from '../output/table.ts';
import type { RotationPreview } from './rotation-preview.ts';

/** A preview in lines for people. */
export function previewText(preview: RotationPreview): string {
  const { QuotaBefore, QuotaAfter, Estimate, Standing } = preview;
  return [
    headText(preview),
    ...(preview.Cause ? [preview.Cause] : []),
    ...(preview.Warning ? [preview.Warning] : []),
    ...labelledRow('Waits', preview.WaitsFor && `for ${preview.WaitsFor}`),
    ...labelledRow('Key', preview.KeyArn),
    ...labelledRow('From', preview.PreviousKeyArn),
    ...labelledRow(
      'Return',
      preview.NoWayBack &&
        `impossible after a failed probe: ${preview.NoWayBack}`,
    ),
    ...accessRows(preview.Access),
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
    ...labelledRow(
      'Monthly',
      Standing &&
        `about ${cents(Standing.StreamUsd)} for the stream and ${cents(Standing.StageUsd)} for its stage, also while nothing rotates`,
    ),
    'Nothing was changed.',
  ].join('\n');
}

/** A line a stream, and their sum; nothing was changed. */
export function previewTable(previews: readonly RotationPreview[]): string {
  return `${previewRows(previews)}. ${standingText(previews)}Nothing was changed.`;
}

/** A line a stream, and their sum. */
export function previewRows(previews: readonly RotationPreview[]): string {
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
    ...accessLines(previews),
    `${previews.length} ${previews.length === 1 ? 'stream' : 'streams'}, ${failing.length} would fail, about ${usd(cost)}`,
  ].join('\n');
}

function headText(preview: RotationPreview): string {
  const { StreamName, Reason } = preview;
  const what = [moveText(preview), Reason].filter(Boolean).join(', ');
  return `${expectedText(preview)} ${StreamName}: ${what}`;
}

function expectedText(preview: RotationPreview): string {
  const { Expected, Error: name, Warning } = preview;
  if (Expected === 'FAILED') return bad(`FAILED ${name}`);
  return Warning ? doubtful(`WARNING ${Expected}`) : good(Expected);
}

function moveText({ Expected, KeyId, ...from }: RotationPreview): string {
  if (KeyId === undefined) return '';
  if (Expected === 'UNCHANGED') return KeyId;
  return `${from.PreviousKeyId ?? 'not encrypted'} -> ${KeyId}`;
}

/** The stage costs the same for any number of streams. */
function standingText(previews: readonly RotationPreview[]): string {
  const standing = previews.flatMap(({ Standing }) => Standing ?? []);
  const [first] = standing;
  if (first === undefined) return '';
  const streams = standing.reduce((sum, one) => sum + one.StreamUsd, 0);
  return `Deployed, they cost about ${cents(streams)} a month and their stage ${cents(first.StageUsd)}, also while nothing rotates. `;
}

const cents = (amount: number) => `USD ${amount.toFixed(2)}`;
const usd = (amount: number) => `USD ${amount.toFixed(5)}`;
