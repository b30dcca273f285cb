import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/**
 * Variables of the Node.js of a child process. Processes share what they compile, which
 * is most of the time of their start. Where coverage is counted they do not: functions
 * that come out of that cache are counted less exactly. scripts/coverage.ts reads it.
 */
export const CHILD_NODE: Record<string, string> = process.env.CHILD_COVERAGE
  ? { NODE_V8_COVERAGE: join(ROOT, 'coverage', 'children') }
  : { NODE_COMPILE_CACHE: join(ROOT, 'node_modules', '.cache', 'node') };
