import { readFile } from 'node:fs/promises';

/** One of the events of examples/events. */
export async function sampleEvent(name: string): Promise<unknown> {
  const url = new URL(`../../../examples/events/${name}.json`, import.meta.url);
  return JSON.parse(await readFile(url, 'utf8'));
}
