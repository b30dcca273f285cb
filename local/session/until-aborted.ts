/**
 * The result of a task, or a rejection with the reason of the signal. The task itself
 * goes on.
 */
export function untilAborted<T>(
  signal: AbortSignal | undefined,
  task: Promise<T>,
): Promise<T> {
  if (signal === undefined) return task;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  return Promise.race([task, aborted]).finally(() =>
    signal.removeEventListener('abort', abort),
  );
}
