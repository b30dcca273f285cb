import { readLocalSettings } from '../local/local-aws.ts';
import type { RotationsEntry } from '../stack/rotations-file.ts';

/** What the embedded AWS is to have: nothing, where nothing is embedded. */
export async function neededEntries(
  rotations: () => Promise<RotationsEntry[]>,
): Promise<RotationsEntry[]> {
  return readLocalSettings(process.env).isAllExternal ? [] : rotations();
}
