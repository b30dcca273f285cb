import { describe, expect, it } from 'vitest';
import {
  AwsRefusal,
  ERRORS,
  type ErrorName,
  InputError,
  RotationError,
  UserError,
} from '../../../shared/errors/errors.ts';
import { legible } from '../../../shared/errors/text.ts';

describe('RotationError', () => {
  it.each(Object.keys(ERRORS) as ErrorName[])('carries the name %s', (name) => {
    const cause = new Error('below');

    const error = new RotationError(name, 'what was wrong', { cause });

    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe(name);
    expect(error.message).toBe('what was wrong');
    expect(error.cause).toBe(cause);
  });
});

describe('AwsRefusal', () => {
  it('keeps the name that AWS gave', () => {
    const error = new AwsRefusal('KMSDisabledException', 'disabled');

    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(RotationError);
    expect(String(error)).toBe('KMSDisabledException: disabled');
  });
});

describe('the message of an error', () => {
  it('is legible for any text of AWS or of a request', () => {
    const said = `Value '\u001b[2J\n${'x'.repeat(9000)}' failed`;

    for (const { message } of [
      new RotationError('InvalidRequest', said),
      new AwsRefusal('ValidationException', said),
      new InputError(said),
    ]) {
      expect(message).toBe(legible(said));
    }
  });
});

describe('isWrongInput', () => {
  it.each([
    [new UserError('x'), false],
    [new InputError('x'), true],
    [new RotationError('InvalidRequest', 'x'), true],
    [new RotationError('StreamBusy', 'x'), false],
    [new AwsRefusal('ResourceNotFoundException', 'x'), false],
  ])('of %s is %s', (error, expected) => {
    expect(error.isWrongInput).toBe(expected);
    expect(Object.keys(error)).not.toContain('isWrongInput');
  });
});

describe('ERRORS', () => {
  it('explains every name in sentences', () => {
    for (const meaning of Object.values(ERRORS)) {
      expect(meaning).toMatch(/^[A-Z].*\.$/);
    }
  });

  it('has no name that Step Functions reserves', () => {
    for (const name of Object.keys(ERRORS)) {
      expect(name).toMatch(/^[A-Z][A-Za-z]+$/);
    }
  });
});
