import { describe, expect, it } from 'vitest';
import { crashText } from '../../../cli/errors/crash.ts';
import { stateError } from '../../../local/state-error.ts';

const ENV = { LOCAL_DIR: '/x' };

describe('crashText', () => {
  it('is one line with the remedy when the tables cannot be written', () => {
    const error = Object.assign(
      new Error('IO error: /x/dynamodb/3.log: No space left on device'),
      { code: 'LEVEL_IO_ERROR' },
    );

    expect(crashText(error, ENV)).toBe(
      'LocalStateError: The embedded AWS cannot use /x/dynamodb: IO error: /x/dynamodb/3.log: No space left on device. Free space on the disk, or set LOCAL_DIR to a folder elsewhere',
    );
  });

  it('is one line when another part of the folder fails', () => {
    const error = stateError('/x', '/x/kinesis', new Error('gone'));

    expect(crashText(error, ENV)).toBe(`LocalStateError: ${error.message}`);
  });

  it('has the stack of a defect', () => {
    const error = new TypeError('x is not a function');

    expect(crashText(error, ENV)).toBe(error.stack);
  });
});
