import type { RotationsStream } from '../shared/config/rotations-file.ts';
import { quote } from '../shared/errors/text.ts';
import { parseKeyId } from '../shared/identifiers/key-id.ts';

/**
 * Kinesis takes only keys of the stream's own Region.
 *
 * @throws {Error} naming the entry and the key that is elsewhere
 */
export function checkRegion(
  entries: readonly RotationsStream[],
  region: string,
): void {
  for (const [at, { KeyIds }] of entries.entries()) {
    for (const keyId of KeyIds) {
      const keyRegion = parseKeyId(keyId)?.region ?? region;
      if (keyRegion === region) continue;
      throw new Error(
        `rotations.yml: Streams[${at}]: KeyIds ${quote(keyId)} is in Region ${keyRegion}, and the service is deployed to ${region}; use a key of that Region, or another --region`,
      );
    }
  }
}
