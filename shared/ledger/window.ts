/** Applied keys that AWS allows a stream in a rolling 24 hours. */
export const QUOTA_LIMIT = 25;

/** AWS's rolling window, which its clock measures. */
const WINDOW_MS = 24 * 60 * 60 * 1000;

/**
 * The largest difference between the clocks of two functions, or between ours
 * and AWS's, that the ledger tolerates.
 */
export const CLOCK_MARGIN_MS = 60 * 1000;

/** How long a slot counts from its stamp: AWS's clock may be behind ours. */
export const SLOT_MS = WINDOW_MS + CLOCK_MARGIN_MS;

/**
 * How long a stream counts as exhausted after AWS refused a Start for which the
 * ledger had room. The ledger cannot know when the slots of callers outside it
 * are free, and a call that AWS refuses costs nothing.
 */
export const EXHAUSTED_MS = 60 * 60 * 1000;

/** The same while no external start is recorded: AWS may have limited the rate. */
export const RATE_LIMITED_MS = 10 * 60 * 1000;

/**
 * The longest time from spending a slot to AWS's answer: 5 s to write the
 * ledger, and 10 s for the call.
 */
export const ANSWER_MS = 15_000;

/** The largest distance between AWS's time of a call and our stamp of it. */
export const UNANSWERED_MS = CLOCK_MARGIN_MS + ANSWER_MS;

/** CloudTrail reports the second in which AWS answered. */
export const REPORT_PRECISION_MS = 1000;

/**
 * How long a rotation that was stopped may take nothing: a function that was
 * running goes on to its time limit of 50 s, by a clock that may be behind.
 */
export const STOPPED_MS = 50_000 + CLOCK_MARGIN_MS;
