import { taskHandler } from '../shared/middleware.ts';
import { type RotationEnd, readRotationEnd } from '../shared/rotation-end.ts';

/**
 * Says in few bytes how a stream's rotation ended, and how long its place in
 * the fleet stays empty.
 */
export const handler = taskHandler(async (end: RotationEnd) =>
  readRotationEnd(end, Date.now()),
);
