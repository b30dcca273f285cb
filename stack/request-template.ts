import {
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
  Mode: 'ROTATE' | 'RESTORE',
  filledIn: string,
): string {
  const { BakeMinutes, BakeAlarms, ...fields } = requestFor(entry);
  // A RESTORE has no bake.
  const bake = Mode === 'ROTATE' ? { BakeMinutes, BakeAlarms } : {};
  const request = JSON.stringify({ ...fields, ...bake, Mode })
    .replaceAll('<', '\\u003c')
    .replaceAll('>', '\\u003e');
  return `${request.slice(0, -1)},${filledIn}}`;
}
