import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type TargetInput,
  targetInput,
} from '../../../local/events/input-transformer.ts';

const RULE = {
  name: 'my-rule',
  arn: 'arn:aws:events:us-east-1:123456789012:rule/my-rule',
  ingestionTime: '2026-01-12T10:05:41Z',
};

const EVENT = {
  'detail-type': 'CloudWatch Alarm State Change',
  source: 'aws.cloudwatch',
  time: '2026-01-12T10:05:40Z',
  detail: {
    'alarm-name': 'drift',
    count: 3,
    isOn: true,
    nothing: null,
    quoted: 'He said "no"\\ and left',
    list: [{ x: 'first' }, { x: 'second' }],
    _a: { 'b/c': 1 },
  },
};

const given = (input: TargetInput, event: object = EVENT) =>
  targetInput(input, event, RULE);
const transformed = (
  InputTemplate: string,
  InputPathsMap?: Record<string, string>,
  event: object = EVENT,
) => given({ InputTransformer: { InputTemplate, InputPathsMap } }, event);

describe('targetInput', () => {
  it('without more is the event itself', () => {
    expect(given({})).toBe(EVENT);
  });

  it('is any constant', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const Input = JSON.stringify(value);

        expect(given({ Input })).toEqual(JSON.parse(Input));
      }),
    );
  });

  it.each([
    ['$', EVENT],
    ['$.detail', EVENT.detail],
    ['$.detail-type', EVENT['detail-type']],
    ['$.detail.alarm-name', 'drift'],
    ['$.detail.list[1].x', 'second'],
    ['$.detail.list', EVENT.detail.list],
    ['$.detail._a.b/c', 1],
    ['$.detail.nothing', null],
  ])('is what is at %s', (InputPath, value) => {
    expect(given({ InputPath })).toEqual(value);
    expect(transformed('{"value": <v>}', { v: InputPath })).toEqual({ value });
  });

  it.each([
    '$.detail.missing',
    '$.detail.list[2]',
    '$.detail.list[0].y',
    '$.detail.count.x',
    '$.detail.alarm-name.length',
    '$.detail.list.length',
    '$.constructor',
  ])('finds nothing at %s', (path) => {
    expect(() => given({ InputPath: path })).toThrow(
      `InputPath "${path}" finds nothing`,
    );
    expect(() => transformed('{"value": <v>}', { v: path })).toThrow(
      `not JSON: Unexpected token`,
    );
    expect(() => transformed('{"value": <v>}', { v: path })).toThrow(
      `; <v>, ${path}, finds nothing`,
    );
    expect(transformed('{"value": "(<v>)"}', { v: path })).toEqual({
      value: '()',
    });
  });

  it.each(['detail', "$.detail['x']", '$.detail.list[*].x', '$..x', '$.'])(
    'refuses the path %s',
    (path) => {
      expect(() => given({ InputPath: path })).toThrow(`path "${path}"`);
      expect(() => transformed('"x"', { unused: path })).toThrow(
        `path "${path}"`,
      );
    },
  );

  it('puts any value in as JSON where there are no quotes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const event = { detail: { value } };
        const template = '{"list": [1, <v>], "it": <v>}';
        const expected = JSON.parse(JSON.stringify(value));

        expect(transformed(template, { v: '$.detail.value' }, event)).toEqual({
          list: [1, expected],
          it: expected,
        });
      }),
    );
  });

  it('puts any text that needs no escaping in between quotes', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        fc.pre(JSON.stringify(value) === `"${value}"`);
        const event = { detail: { value } };
        const paths = { v: '$.detail.value' };

        expect(transformed('"a <v> b"', paths, event)).toBe(`a ${value} b`);
        expect(transformed('{"a": "\\"<v>\\""}', paths, event)).toEqual({
          a: `"${value}"`,
        });
      }),
    );
  });

  it('escapes nothing between quotes, as EventBridge does not', () => {
    const paths = { v: '$.detail.quoted', list: '$.detail.list' };

    expect(() => transformed('{"reason": "<v>"}', paths)).toThrow(
      'InputTemplate makes "{\\"reason\\": \\"He said \\"no\\"\\\\ and left\\"}", which is not JSON',
    );
    expect(() => transformed('{"list": "<list>"}', paths)).toThrow('not JSON');
    expect(transformed('{"reason": <v>}', paths)).toEqual({
      reason: EVENT.detail.quoted,
    });
  });

  it('puts numbers, true and null in between quotes as they are written', () => {
    expect(
      transformed('"<n> <t> <o>"', {
        n: '$.detail.count',
        t: '$.detail.isOn',
        o: '$.detail.nothing',
      }),
    ).toBe('3 true null');
  });

  it('takes no value for a part of the template', () => {
    const event = { detail: { a: '<b>', b: '"' } };
    const paths = { a: '$.detail.a', b: '$.detail.b' };

    expect(transformed('["<a>", <b>, "<a>"]', paths, event)).toEqual([
      '<b>',
      '"',
      '<b>',
    ]);
  });

  it('knows the predefined variables', () => {
    const { detail: _, ...envelope } = EVENT;
    expect(
      transformed(
        '{"name": <aws.events.rule-name>, "text": "<aws.events.rule-name> of <aws.events.rule-arn>", "at": <aws.events.event.ingestion-time>, "head": <aws.events.event>, "all": <aws.events.event.json>}',
      ),
    ).toEqual({
      name: RULE.name,
      text: `${RULE.name} of ${RULE.arn}`,
      at: RULE.ingestionTime,
      head: envelope,
      all: EVENT,
    });
    expect(() => transformed('"<aws.events.event>"')).toThrow('not JSON');
  });

  it('names a variable that does not exist', () => {
    expect(() => transformed('"<alram>"', { alarm: '$.source' })).toThrow(
      'InputTemplate has <alram>, and InputPathsMap has no "alram"; known are alarm, aws.events.rule-name',
    );
  });

  it.each([
    [{ Input: 'plain text' }, 'Input makes "plain text"'],
    [
      { InputTransformer: { InputTemplate: 'plain text' } },
      'InputTemplate makes "plain text"',
    ],
  ])('refuses %j, which is not JSON', (input, words) => {
    expect(() => given(input)).toThrow(words);
    expect(() => given(input)).toThrow(
      expect.objectContaining({ name: 'TemplateError' }),
    );
  });
});
