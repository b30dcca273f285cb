import { readFileSync } from 'node:fs';
import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import { parseRotations } from '../../shared/config/rotations-file.ts';

/**
 * Adds the command `complete`, which prints a shell's completion script and
 * answers it: commands, flags, the values that flags choose from, and the
 * streams and keys of rotations.yml.
 *
 * @param rotationsFile its path, once flags are known
 */
export function addCompletion(
  program: Command,
  rotationsFile: () => string,
): void {
  const { commands } = tab(program);
  const entries = () => {
    try {
      return parseRotations(readFileSync(rotationsFile(), 'utf8'));
    } catch {
      // What cannot be read completes nothing.
      return [];
    }
  };
  for (const { options } of commands.values()) {
    const streamName = options.get('stream-name');
    if (streamName) {
      streamName.handler = (complete) => {
        for (const entry of entries()) complete(entry.StreamName, '');
      };
    }
    for (const name of ['key-id', 'key-ids']) {
      const key = options.get(name);
      if (!key) continue;
      key.handler = (complete) => {
        for (const { StreamName, KeyIds } of entries()) {
          for (const keyId of KeyIds) complete(keyId, StreamName);
        }
      };
    }
  }
}
