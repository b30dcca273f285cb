import { readLocalSettings } from '../../local/session/local-aws.ts';
import type { RotationsEntry } from '../../shared/config/rotations-file.ts';

/** What the embedded AWS is to have: nothing, where nothing is embedded. */
export async function neededEntries(
  rotations: () => Promise<RotationsEntry[]>,
): Promise<RotationsEntry[]> {
  return readLocalSettings(process.env).isAllExternal ? [] : rotations();
}
