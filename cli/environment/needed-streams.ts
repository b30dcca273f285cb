import { readLocalSettings } from '../../local/session/local-aws.ts';
import type { RotationsStream } from '../../shared/config/rotations-file.ts';

/** What the embedded AWS is to have: nothing, where nothing is embedded. */
export async function neededEntries(
  rotations: () => Promise<RotationsStream[]>,
): Promise<RotationsStream[]> {
  return readLocalSettings(process.env).isAllExternal ? [] : rotations();
}
