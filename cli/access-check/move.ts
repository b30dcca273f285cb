import type { AccessSettings } from '../../shared/config/access-settings.ts';

/** A stream that is to move from a key to another one. */
export interface Move {
  streamArn: string;
  /** Null for a stream that is not encrypted, and for an old key that is unknown. */
  oldKeyArn: string | null;
  /** The old key as Kinesis shows it; null for a stream that is not encrypted. */
  oldKeyId: string | null;
  newKeyArn: string;
  settings: AccessSettings;
}
