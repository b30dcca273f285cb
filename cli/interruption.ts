/** npm forwards the signal that the terminal has already sent us. */
const ECHO_MS = 500;
/** How long all may take that is done for a second signal. */
const GRACE_MS = 3_000;

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** What Ctrl-C and its kin ask for. */
export interface Interruption {
  /** Aborted by the first signal, its reason: stop, and leave all in order. */
  signal: AbortSignal;
  /**
   * Aborted by a later one: do not wait for others. The process ends 3 s after
   * it, whatever hangs.
   */
  forceQuit: AbortSignal;
  /** 128 + the signal's number, as shells have it; undefined without one. */
  exitCode: () => number | undefined;
}

/** Listens for signals that end the process. */
export function listenForInterruption(): Interruption {
  const first = new AbortController();
  const later = new AbortController();
  let firstAt = 0;
  let code: number | undefined;
  for (const [name, exitCode] of Object.entries(EXIT_CODES)) {
    process.on(name, () => {
      if (first.signal.aborted) {
        if (Date.now() - firstAt <= ECHO_MS) return;
        later.abort();
        setTimeout(() => process.exit(exitCode), GRACE_MS).unref();
        return;
      }
      firstAt = Date.now();
      code = exitCode;
      first.abort(name);
    });
  }
  return {
    signal: first.signal,
    forceQuit: later.signal,
    exitCode: () => code,
  };
}
