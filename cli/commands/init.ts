import { writeFile } from 'node:fs/promises';
import { visible } from '../../shared/errors/text.ts';
import type { CommandContext } from '../environment/context.ts';
import { CommandError } from '../errors/command-error.ts';

const SAMPLE = `# The streams to rotate, each with the ring of keys that it moves through.
# Replace the names, and try them: npx kinesis-key-rotation rotate
Streams:
  - StreamName: samplestream
    KeyIds:
      - alias/samplestream-a
      - alias/samplestream-b
    # When it moves to the next key of its ring; without it, people start rotations.
    # Schedule: cron(0 3 1 */3 ? *)
    # CloudWatch alarms of yours that move it back to a key of its ring.
    # Alarms: [samplestream-compliance]
    # The test record, where consumers accept only their own format.
    # Probe: {PartitionKey: probe, Data: "{}"}
`;

/**
 * Writes a rotations.yml to fill in.
 *
 * @returns the exit code
 * @throws {CommandError} when the file exists
 */
export async function init({ rotationsPath }: CommandContext): Promise<number> {
  const path = rotationsPath();
  await writeFile(path, SAMPLE, { flag: 'wx' }).catch((error: unknown) => {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CommandError(
      code === 'EEXIST'
        ? `${path} exists. Edit it, or name another file with --rotations`
        : `${path} cannot be written: ${message}`,
    );
  });
  process.stdout.write(`${visible(path)}\n`);
  return 0;
}
