import { readFile } from 'node:fs/promises';

/** One of the events of test/events. */
export async function sampleEvent(name: string): Promise<unknown> {
  const url = new URL(`../events/${name}.json`, import.meta.url);
  return JSON.parse(await readFile(url, 'utf8'));
}
