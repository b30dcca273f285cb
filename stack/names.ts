import { createHash } from 'node:crypto';

const digest = (text: string, length: number) =>
  createHash('sha256').update(text).digest('hex').slice(0, length);

/**
 * A logical id for a stream's resource: letters and digits only, and as
 * different as the streams' names are.
 */
export function logicalId(prefix: string, streamName: string): string {
  const words = streamName.split(/[^a-zA-Z0-9]+/).map(capitalize);
  return `${prefix}${words.join('')}${digest(streamName, 8)}`;
}

function capitalize(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** The most characters in the name of a rule or a schedule. */
const MAX_LENGTH = 64;

/** A rule's or schedule's name; a long stream name is cut and digested. */
export function shortName(prefix: string, streamName: string): string {
  const name = `${prefix}${streamName}`;
  if (name.length <= MAX_LENGTH) return name;
  const tail = `-${digest(streamName, 8)}`;
  return `${name.slice(0, MAX_LENGTH - tail.length)}${tail}`;
}

/** Where a function's source is, by its handler as serverless.yml has it. */
export const sourceFile = (handler: string): string =>
  handler.replace(/\.handler$/, '.ts');
