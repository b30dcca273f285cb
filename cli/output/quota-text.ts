import { format } from '@lukeed/ms';
import sparkly from 'sparkly';
import type { Trigger } from '../../shared/contract/trigger.ts';
import { visible } from '../../shared/errors/text.ts';
import { executionName } from '../../shared/identifiers/arn.ts';
import type { Quota } from '../../shared/ledger/usage.ts';
import { bad } from './color.ts';
import { localTime } from './local-time.ts';
import { quotaText } from './outcome-text.ts';
import { rowTable } from './table.ts';
import { triggerText } from './trigger-text.ts';

/** A slot that counts. Times are ISO 8601. */
interface UsedSlot {
  /** RESERVED until the call is made. */
  State: 'RESERVED' | 'SPENT';
  StampedAt: string;
  /** When it counts no more. */
  FreeAt: string;
  /** As submitted. */
  KeyId: string;
  /** ARN of the rotation, or of the caller of an external start. */
  By: string;
  /** What started the rotation, as far as its record says. */
  Trigger?: Trigger;
  /** Whether only CloudTrail has told of it. */
  IsReported?: true;
}

export interface QuotaReport {
  StreamName: string;
  StreamARN: string;
  Quota: Quota;
  /** The oldest first. */
  Slots: UsedSlot[];
}

const HOUR_MS = 3_600_000;
const COLUMN_MS = HOUR_MS / 2;
const COLUMNS = 48;
/** Under it: when each column was. */
const AXIS = '-24h        -18h        -12h        -6h      now';

/** How much is used, a picture of the last 24 hours, and every slot. */
export function quotaPicture(report: QuotaReport, now: number): string {
  const { StreamName, Quota, Slots } = report;
  const head = `${StreamName}: ${quotaText(Quota)}`;
  if (Slots.length === 0) return head;
  return [
    head,
    '',
    `${timeline(Slots, Quota.Limit, now)} █ ${Quota.Limit}`,
    AXIS,
    '',
    rowTable(
      ['Slot', 'Taken', 'By', 'Key', 'Frees'],
      Slots.map((slot, at) => [
        String(at + 1),
        localTime(slot.StampedAt),
        byText(slot),
        visible(slot.KeyId),
        freesText(slot, now),
      ]),
    ),
  ].join('\n');
}

/** A column is half an hour; a full one is the whole limit. */
function timeline(
  slots: readonly UsedSlot[],
  limit: number,
  now: number,
): string {
  const counts = Array.from({ length: COLUMNS }, () => 0);
  for (const { StampedAt } of slots) {
    const ago = Math.floor((now - Date.parse(StampedAt)) / COLUMN_MS);
    const column = COLUMNS - 1 - Math.min(COLUMNS - 1, Math.max(0, ago));
    counts[column] = (counts[column] ?? 0) + 1;
  }
  return sparkly(
    counts.map((count) => (count === 0 ? '' : Math.min(count, limit))),
    { minimum: 0, maximum: limit },
  ).replaceAll(' ', '·');
}

function byText({ State, By, Trigger, IsReported }: UsedSlot): string {
  const name = executionName(By);
  const who = IsReported
    ? `${By}, outside the ledger`
    : [Trigger && triggerText(Trigger), name].filter(Boolean).join(' ');
  return visible(State === 'RESERVED' ? `${who}, not used yet` : who);
}

function freesText({ State, FreeAt }: UsedSlot, now: number): string {
  if (State === 'RESERVED') return 'when its rotation ends';
  const left = Math.max(0, Date.parse(FreeAt) - now);
  return `${localTime(FreeAt)}, in ${format(left)}`;
}

/** A line a stream. */
export function quotaTable(reports: readonly QuotaReport[]): string {
  return rowTable(
    ['Stream', 'Used', 'Remaining', 'Next free'],
    reports.map(({ StreamName, Quota }) => {
      const { Used, Limit, Remaining, NextAvailableAt, UsedByOthers } = Quota;
      const others = UsedByOthers ? ` (${UsedByOthers} refused by AWS)` : '';
      const remaining = String(Remaining);
      return [
        StreamName,
        `${Used} of ${Limit}${others}`,
        Remaining === 0 ? bad(remaining) : remaining,
        NextAvailableAt ? localTime(NextAvailableAt) : 'now',
      ];
    }),
  );
}
