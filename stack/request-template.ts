import {
  type AlarmMode,
  type RotationsStream,
  requestFor,
} from '../shared/config/rotations-stream.ts';

/**
 * A request as JSON, with fields whose values AWS fills in. The angle brackets of
 * rotations.yml are escaped, so that AWS takes none of them for a placeholder.
 *
 * @param filledIn fields as JSON, with placeholders
 */
export function requestTemplate(
  entry: RotationsStream,
  Mode: 'ROTATE' | AlarmMode,
  filledIn: string,
): string {
  const { BakeMinutes, BakeAlarms, RevertWithinMinutes, ...fields } =
    requestFor(entry);
  // Fields that have a meaning in one mode only.
  const own = {
    ROTATE: { BakeMinutes, BakeAlarms },
    RESTORE: {},
    REVERT: { RevertWithinMinutes },
  };
  const request = JSON.stringify({ ...fields, ...own[Mode], Mode })
    .replaceAll('<', '\\u003c')
    .replaceAll('>', '\\u003e');
  return `${request.slice(0, -1)},${filledIn}}`;
}
