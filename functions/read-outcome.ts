import {
  type RotationEnd,
  readRotationEnd,
} from '../shared/fleet/rotation-result.ts';
import { taskHandler } from '../shared/lambda/handler.ts';

/**
 * Says in few bytes how a stream's rotation ended, and how long its place in
 * the fleet stays empty.
 */
export const handler = taskHandler(async (end: RotationEnd) =>
  readRotationEnd(end, Date.now()),
);
