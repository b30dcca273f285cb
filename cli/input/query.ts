import type { JSONValue } from '@jmespath-community/jmespath';
import * as jmespath from '@jmespath-community/jmespath';
import { InvalidArgumentError } from 'commander';

/** As the AWS CLI reads them: `` `x` `` is a text, as `'x'` is. */
const AS_IN_THE_AWS_CLI = { enable_legacy_literals: true };

/**
 * Applies a JMESPath expression to a document.
 *
 * @throws for an expression that does not fit the document
 */
export function search(document: JSONValue, expression: string): JSONValue {
  return jmespath.search(document, expression, AS_IN_THE_AWS_CLI);
}

/**
 * Returns the expression of --query.
 *
 * @throws {InvalidArgumentError} for an expression that fits no document
 */
export function checkedQuery(expression: string): string {
  try {
    jmespath.compile(expression, AS_IN_THE_AWS_CLI);
    tryOut(expression);
    return expression;
  } catch (error) {
    throw new InvalidArgumentError(
      `Not a valid JMESPath expression: ${(error as Error).message}. See https://jmespath.org.`,
    );
  }
}

/** Compiling accepts any function; only a search refuses those that do not exist. */
function tryOut(expression: string): void {
  try {
    search({}, expression);
  } catch (error) {
    const isAlwaysWrong = /^(Unknown function|Invalid arity)/.test(
      (error as Error).message,
    );
    if (isAlwaysWrong) throw error;
  }
}
