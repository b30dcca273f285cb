import { quote } from '../errors/text.ts';

const MAX_KEY = 128;
const MAX_VALUE = 256;
/** A resource takes 50. The packager gives the stack the tag STAGE of its own. */
const MAX_TAGS = 49;
/** The characters that every service takes. */
const CHARACTERS = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/**
 * Explains why AWS would refuse tags on some resource; undefined where it takes them.
 *
 * @see https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html
 */
export function tagProblem(tags: Record<string, unknown>): string | undefined {
  const entries = Object.entries(tags);
  if (entries.length > MAX_TAGS) {
    return `${entries.length} tags are too many; AWS takes 50 on a resource, and one of them is STAGE of the packager`;
  }
  const seen = new Map<string, string>();
  for (const [key, value] of entries) {
    const problem = keyProblem(key) ?? valueProblem(key, value);
    if (problem !== undefined) return problem;
    const same = seen.get(key.toLowerCase());
    if (same !== undefined) {
      return `${quote(same)} and ${quote(key)} differ in case only, and IAM takes one of them`;
    }
    seen.set(key.toLowerCase(), key);
  }
  return undefined;
}

function keyProblem(key: string): string | undefined {
  if (/^aws:/i.test(key)) {
    return `${quote(key)} begins with aws:, which AWS keeps to itself`;
  }
  if (key.length < 1 || key.length > MAX_KEY) {
    return `${quote(key)} has ${key.length} characters; a key has 1 to ${MAX_KEY}`;
  }
  return CHARACTERS.test(key) ? undefined : charactersOf(quote(key));
}

function valueProblem(key: string, value: unknown): string | undefined {
  const name = `the value ${quote(value)} of ${quote(key)}`;
  if (typeof value !== 'string') {
    return `${name} is not a text; put it in quotes`;
  }
  if (value.length < 1 || value.length > MAX_VALUE) {
    return `${name} has ${value.length} characters; a value has 1 to ${MAX_VALUE}`;
  }
  return CHARACTERS.test(value) ? undefined : charactersOf(name);
}

const charactersOf = (name: string) =>
  `${name} has other characters than letters, digits, spaces and _ . : / = + - @`;
