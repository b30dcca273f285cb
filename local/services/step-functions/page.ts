import { isObject, parseJson } from '../../../shared/json.ts';
import { type Input, ServiceError } from '../json-service.ts';
import { invalid } from './input-checks.ts';

/**
 * A page of a list that grows at its end.
 *
 * @param scope what a token belongs to
 * @throws {ServiceError} InvalidToken
 */
export function page<T>(
  list: readonly T[],
  { maxResults, nextToken }: Input,
  scope: string,
  isReversed = false,
): { items: T[]; nextToken?: string } {
  const size = Number(maxResults || 100);
  if (!(Number.isInteger(size) && size >= 0 && size <= 1000)) {
    throw invalid(
      maxResults,
      'maxResults',
      'Member must have value between 0 and 1000',
    );
  }
  const token = nextToken === undefined ? undefined : readToken(nextToken);
  if (token !== undefined && token.scope !== scope) throw invalidToken();
  // What came in since the first page would shift the rest of a reversed list.
  const length = isReversed ? (token?.length ?? list.length) : list.length;
  const from = token?.from ?? 0;
  const all = list.slice(0, length);
  if (isReversed) all.reverse();
  const items = all.slice(from, from + size);
  if (from + size >= length) return { items };
  const next = JSON.stringify({ scope, length, from: from + size });
  return { items, nextToken: Buffer.from(next).toString('base64url') };
}

interface Token {
  scope: string;
  length: number;
  from: number;
}

function readToken(token: Input[string]): Token {
  const text = Buffer.from(String(token), 'base64url').toString();
  const parsed = parseJson(text);
  if (!isObject(parsed)) throw invalidToken();
  return parsed as unknown as Token;
}

function invalidToken(): ServiceError {
  return new ServiceError('InvalidToken', "Invalid Token: 'Invalid token'");
}
