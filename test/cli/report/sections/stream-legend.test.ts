import { describe, expect, it } from 'vitest';
import { reportModel } from '../../../../cli/report/report-model.ts';
import {
  executionName,
  executionPrefix,
  keyLabel,
  streamLegend,
  triggerLabel,
} from '../../../../cli/report/sections/stream-legend.ts';
import type { Outcome } from '../../../../shared/contract/outcome.ts';
import { simulatedMonth } from '../../../support/report/simulated-month.ts';

function streamOf(
  name: string,
  change: (outcome: Outcome, at: number) => Outcome = (outcome) => outcome,
) {
  const month = simulatedMonth();
  const streams = month.streams
    .filter(({ StreamName }) => StreamName === name)
    .map((stream) => ({ ...stream, history: stream.history.map(change) }));
  const [stream] = reportModel({ ...month, streams }).streams;
  if (stream === undefined) throw new Error(`There is no stream ${name}`);
  return stream;
}

describe('streamLegend', () => {
  it('labels the keys of the ring by their places, and others after them', () => {
    const legend = streamLegend(streamOf('customer-profiles'));
    expect(
      legend.keys.map(({ label, place, KeyId }) => [label, place, KeyId]),
    ).toEqual([
      ['1', 1, 'alias/customer-profiles-a'],
      ['2', 2, 'alias/customer-profiles-b'],
      ['!1', undefined, 'alias/breakglass'],
    ]);
    expect(keyLabel(legend, 'alias/breakglass')).toEqual({ label: '!1' });
    expect(keyLabel(legend, 'alias/other')).toBeUndefined();
  });

  it('labels each key ARN of an alias that was repointed', () => {
    const [first, second] = ['arn:aws:kms:x:1:key/1', 'arn:aws:kms:x:1:key/2'];
    const legend = streamLegend(
      streamOf('carts', (outcome, at) => ({
        ...outcome,
        KeyArn: at < 2 ? first : second,
      })),
    );
    const id = 'alias/carts-b';
    expect(keyLabel(legend, id, first)).toEqual({ label: '2.1', place: 2 });
    expect(keyLabel(legend, id, second)).toEqual({ label: '2.2', place: 2 });
    expect(keyLabel(legend, id)).toEqual({ label: '2', place: 2 });
  });

  it('labels distinct triggers, of which only times differ', () => {
    const { triggers } = streamLegend(streamOf('clickstream'));
    expect(triggers).toEqual([
      {
        label: 'a',
        fields: [
          ['Source', 'schedule'],
          ['ScheduleArn', expect.stringMatching(/^arn:aws:scheduler:/)],
        ],
      },
      {
        label: 'b',
        fields: [
          ['Source', 'manual'],
          ['Ticket', 'none'],
          [
            'CallerArn',
            'arn:aws:sts::111122223333:assumed-role/deploy-bot/loop',
          ],
        ],
      },
    ]);
  });

  it('has a label for every trigger, however many', () => {
    const legend = streamLegend(
      streamOf('clickstream', (outcome, at) => ({
        ...outcome,
        Trigger: { Source: 'manual', Ticket: at },
      })),
    );
    const label = (Ticket: number) =>
      triggerLabel(legend, { Source: 'manual', Ticket });
    expect([0, 25, 26, 51, 52].map(label)).toEqual([
      'a',
      'z',
      'aa',
      'az',
      'ba',
    ]);
    expect(triggerLabel(legend, undefined)).toBeUndefined();
  });
});

describe('executionPrefix', () => {
  it('is what the ids of all rotations begin with', () => {
    expect(executionPrefix([streamOf('carts'), streamOf('orders')])).toMatch(
      /^arn:aws:states:.*:execution:kinesis-key-rotation-prod-rotate-stream:$/,
    );
  });

  it('is undefined where they differ, and without rotations', () => {
    const other = streamOf('carts', (outcome) => ({
      ...outcome,
      RotationId: outcome.RotationId.replace('prod', 'dev'),
    }));
    expect(executionPrefix([streamOf('orders'), other])).toBeUndefined();
    expect(executionPrefix([])).toBeUndefined();
  });

  it('leaves the name of an execution; its ARN without one', () => {
    const stream = streamOf('carts');
    const id = 'arn:aws:states:us-east-1:111122223333:execution:a:b';
    const prefix = id.slice(0, -1);
    expect(executionName(streamLegend(stream, prefix), id)).toBe('b');
    expect(executionName(streamLegend(stream), id)).toBe(id);
  });
});
