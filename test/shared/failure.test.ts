import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFailure } from '../../shared/failure.ts';

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
    ['cut-off JSON', '{"errorMessage":"cut o'],
  ])('leaves a cause that is %s as it is', (_what, Cause) => {
    expect(readFailure({ Error: 'Whatever', Cause })).toEqual({
      Error: 'Whatever',
      Cause,
    });
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
        fc.string({ unit: 'binary' }),
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
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const Cause = `!${text}`;

        expect(readFailure({ Error: 'X', Cause })).toEqual({
          Error: 'X',
          Cause,
        });
      }),
    );
  });
});
