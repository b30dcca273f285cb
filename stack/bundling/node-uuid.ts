import { randomUUID } from 'node:crypto';

/**
 * Each call of the SDK has a random id. The SDK asks the global `crypto` for it,
 * which loads Web Crypto. The bundles have this in its place.
 */
export const bindV4 = () => () => randomUUID();
