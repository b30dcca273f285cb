import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  changeText,
  type DeploymentChange,
} from '../../../cli/deployment/change-text.ts';

const QUIET: DeploymentChange = {
  isFirst: false,
  streams: { added: [], changed: [], removed: [], unchanged: 2 },
  template: { resources: [], rights: [], code: [] },
  moves: [],
};

const move = (StreamName: string, more = {}) => ({
  StreamName,
  reasons: [],
  isAlertOnly: false,
  ...more,
});

describe('changeText', () => {
  it('begins with the streams, then resources by type, and ends with what moves', () => {
    const text = changeText({
      isFirst: false,
      streams: {
        added: [{ StreamName: 'new', KeyIds: ['alias/a', 'alias/b'] }],
        changed: [
          {
            StreamName: 'other',
            fields: [
              { field: 'Schedule', from: undefined, to: 'rate(30 days)' },
              { field: 'Probe', from: { Data: 'secret' }, to: undefined },
            ],
          },
        ],
        removed: ['gone'],
        unchanged: 1,
      },
      template: {
        resources: [
          { id: 'A', type: 'AWS::CloudWatch::Alarm', action: 'ADD' },
          { id: 'B', type: 'AWS::CloudWatch::Alarm', action: 'ADD' },
          { id: 'C', type: 'AWS::IAM::Role', action: 'CHANGE' },
          { id: 'D', type: 'AWS::IAM::Role', action: 'REPLACE' },
          { id: 'E', type: 'AWS::Events::Rule', action: 'DELETE' },
        ],
        rights: ['C'],
        code: ['PlanRotationLambdaFunction'],
      },
      moves: [
        move('new', { reasons: ['not encrypted -> alias/a'] }),
        move('other', { problem: 'unknown: denied' }),
        move('calm'),
        move('quiet', { isAlertOnly: true }),
      ],
    });
    expect(text).toBe(
      [
        'Streams',
        '  + new: ring "alias/a", "alias/b"; no schedule',
        '  ~ other',
        '      Schedule absent -> "rate(30 days)"',
        '      Probe',
        '  - gone: it keeps its key; its schedule, alarms and rights go',
        '  1 unchanged',
        'Resources               added  changed  replaced  deleted',
        'AWS::CloudWatch::Alarm  2',
        'AWS::Events::Rule                                 1',
        'AWS::IAM::Role                 1        1',
        'Replaced: D',
        'Deleted: E',
        'Rights change: C',
        'Code changes: PlanRotation',
        'Moves at once',
        '  new: not encrypted -> alias/a',
        'Could not be checked or restored',
        '  other: unknown: denied',
        'Under a usable key of its ring, and stays: 1 stream',
        'OnDrift ALERT, so no sweep restores it: 1 stream',
      ].join('\n'),
    );
  });

  it('says so where nothing changes', () => {
    expect(changeText(QUIET)).toBe(
      'Streams\n  2 unchanged\nResources: unchanged\nNo stream is known to move at once',
    );
  });

  it('says what is unknown, and why', () => {
    const text = changeText({
      ...QUIET,
      streams: { unknown: 'unknown, since A' },
      template: { unknown: 'unknown, since B' },
    });
    expect(text).toContain('Streams: unknown, since A\n');
    expect(text).toContain('Resources: unknown, since B\n');
  });

  it('shows no control character of a name or a reason', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const text = changeText({
          ...QUIET,
          streams: {
            added: [{ StreamName: name, KeyIds: [name] }],
            changed: [],
            removed: [name],
            unchanged: 0,
          },
          moves: [move(name, { reasons: [name], problem: name })],
        });
        expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
      }),
    );
  });
});
