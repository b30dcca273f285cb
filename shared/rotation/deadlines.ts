const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** How long a rotation waits for a stream that another operation keeps busy. */
export const BUSY_TIMEOUT_MS = HOUR_MS;
/** How long an update may take. AWS says that it "can take minutes". */
export const UPDATE_TIMEOUT_MS = HOUR_MS;
/** How long OnQuotaExhausted WAIT waits: twice the quota's window. */
export const QUOTA_WAIT_MS = 48 * HOUR_MS;
/**
 * How long a denial is retried where a right may not have arrived yet. AWS: changes of
 * IAM policies take effect within minutes, those of an alias within five.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html
 */
export const RIGHTS_MS = 5 * MINUTE_MS;
/** The age under which a key's policy and aliases may not be effective yet. */
export const YOUNG_KEY_MS = 10 * MINUTE_MS;
/** How long a rotation may hold a stream: the update, and time to verify it. */
export const LEASE_MS = UPDATE_TIMEOUT_MS + 15 * MINUTE_MS;
/**
 * How long an ACTIVE stream must show another key before the rotation acts on
 * it. Describe is eventually consistent, and the status before the update has
 * been seen after the update.
 */
export const STALE_MS = 30_000;
