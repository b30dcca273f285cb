import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { legible } from '../../../shared/errors/text.ts';
import { isUncaught, readFailure } from '../../../shared/rotation/failure.ts';

/** What an error of ours can say. */
const anyMessage = fc.string({ unit: 'binary' }).map(legible);

describe('readFailure', () => {
  it("takes the message out of a function's error", () => {
    const failure = {
      Error: 'UnusableKey',
      Cause: JSON.stringify({
        errorType: 'UnusableKey',
        errorMessage: 'KeyId "alias/orders" has KeyState Disabled',
        trace: ['UnusableKey: KeyId ...', '    at chooseKey'],
      }),
    };

    expect(readFailure(failure)).toEqual({
      Error: 'UnusableKey',
      Cause: 'KeyId "alias/orders" has KeyState Disabled',
    });
  });

  it.each([
    ['a sentence', 'The stream has no slot left'],
    ['nothing', ''],
    ['JSON that is no object', '"text"'],
    ['JSON null', 'null'],
    ['JSON without errorMessage', '{"Error":"x"}'],
    ['an errorMessage that is no text', '{"errorMessage":{"a":1}}'],
  ])('leaves a cause that is %s as it is', (_what, Cause) => {
    expect(readFailure({ Error: 'Whatever', Cause })).toEqual({
      Error: 'Whatever',
      Cause,
    });
  });

  it.each([
    ['its message', '{"errorType":"X","errorMessage":"a \\"b\\"","trace":["a'],
    ['a message that is cut', '{"errorMessage":"a \\"b\\"'],
    ['a message that is cut in an escape', '{"errorMessage":"a \\"b\\"\\'],
  ])('finds in JSON that was cut off %s', (_what, Cause) => {
    expect(readFailure({ Error: 'X', Cause }).Cause).toBe('a "b"');
  });

  it('carries no name that is reserved, and has a cause for what timed out', () => {
    expect(readFailure({ Error: 'States.Timeout', Cause: '' })).toEqual({
      Error: 'Timeout',
      Cause: 'A function or the execution ran longer than it may',
    });
    expect(isUncaught(readFailure({ Error: 'States.Runtime' }))).toBe(true);
  });

  it('names what has no name', () => {
    expect(readFailure(undefined)).toEqual({
      Error: 'ExecutionAborted',
      Cause: '',
    });
    expect(readFailure({})).toEqual({ Error: 'ExecutionAborted', Cause: '' });
  });

  it('reads an aborted execution, whose error and cause are null', () => {
    const event = JSON.parse('{"Error":null,"Cause":null}');

    expect(readFailure(event)).toEqual({
      Error: 'ExecutionAborted',
      Cause: '',
    });
  });

  it('finds any message again, and drops everything else', () => {
    fc.assert(
      fc.property(
        anyMessage,
        fc.dictionary(fc.string(), fc.jsonValue()),
        (errorMessage, others) => {
          const Cause = JSON.stringify({ ...others, errorMessage });

          expect(readFailure({ Error: 'X', Cause }).Cause).toBe(errorMessage);
        },
      ),
    );
  });

  it('keeps any text that is not JSON', () => {
    fc.assert(
      fc.property(anyMessage, (text) => {
        const Cause = `!${text}`;

        expect(readFailure({ Error: 'X', Cause })).toEqual({
          Error: 'X',
          Cause,
        });
      }),
    );
  });

  it('shows what a stranger says in one line that can be seen', () => {
    const said = 'Stopped\r\n\u001b[2JERROR forged\u202e';
    const failure = { Error: said, Cause: said };
    const line = 'Stopped \\u{1b}[2JERROR forged\\u{202e}';

    expect(readFailure(failure)).toEqual({ Error: line, Cause: line });
    const long = readFailure({ Error: 'X', Cause: 'x'.repeat(32_768) });
    expect(long.Cause).toHaveLength(4096);
  });
});
