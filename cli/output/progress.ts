import ora, { type Ora } from 'ora';
import type { ExecutionEvent } from '../../local/runner/state-machine.ts';
import { legible } from '../../shared/errors/text.ts';
import type { RotationState } from '../../shared/rotation/state.ts';
import { localTime } from './local-time.ts';
import { type WaitState, waitEnd } from './wait-end.ts';

export interface ProgressOptions {
  stream: NodeJS.WriteStream;
  /** The state machine's states, for how long its waits last. */
  states: Record<string, WaitState>;
  /** Milliseconds since the epoch. */
  now?: () => number;
}

/**
 * Returns a spinner, or undefined where nothing may move: outside a terminal, on a
 * dumb one, in CI, and with NO_COLOR. There, progress is in plain lines.
 */
export function spinnerOn(
  stream: NodeJS.WriteStream,
  { TERM, CI, NO_COLOR }: NodeJS.ProcessEnv,
): Ora | undefined {
  // A terminal that does not say how wide it is makes ora erase for ever.
  const isTerminal = stream.isTTY && stream.columns > 0;
  if (!isTerminal || TERM === 'dumb' || CI || NO_COLOR) return undefined;
  return ora({ stream, discardStdin: false, hideCursor: true });
}

/**
 * Shows an execution as it goes: on a terminal a spinner that counts waits
 * down, elsewhere a line for each state as it is entered.
 */
export class Progress {
  readonly #stream: NodeJS.WriteStream;
  readonly #states: Record<string, WaitState>;
  readonly #now: () => number;
  readonly #spinner: Ora | undefined;
  #startedAt: number | undefined;
  #ticking: NodeJS.Timeout | undefined;

  constructor({ stream, states, now = Date.now }: ProgressOptions) {
    this.#stream = stream;
    this.#states = states;
    this.#now = now;
    this.#spinner = spinnerOn(stream, process.env);
  }

  /** Something to say that is no state. */
  say(message: string): void {
    this.#stopTicking();
    this.#print(message);
  }

  show(event: ExecutionEvent): void {
    const { type, state } = event;
    this.#startedAt ??= event.timestamp;
    if (state === undefined) return;
    switch (type) {
      case 'StateEntered':
        this.#enter(event.timestamp, state);
        break;
      case 'StateExited': {
        this.#stopTicking();
        const said = detail(state.name, state.output as RotationState);
        if (said !== undefined) this.#keep(event.timestamp, state.name, said);
        break;
      }
      case 'StateRetried':
        this.#line(
          event.timestamp,
          `${state.name} again, attempt ${(event.retry?.attempt ?? 0) + 1}`,
        );
        break;
      case 'StateFailed':
        if (state.type !== 'Fail') {
          this.#line(event.timestamp, `${state.name} failed: ${event.Error}`);
        }
        break;
    }
  }

  /** Takes the spinner away. */
  end(): void {
    this.#stopTicking();
    this.#spinner?.stop();
  }

  #enter(
    at: number,
    { name, type, input }: NonNullable<ExecutionEvent['state']>,
  ): void {
    this.#stopTicking();
    const wait = this.#states[name];
    const until =
      type === 'Wait' && wait ? waitEnd(wait, input, at) : undefined;
    if (this.#spinner === undefined) {
      const seconds = until === undefined ? '' : ` ${left(until, at)}`;
      this.#line(at, `${name}${seconds}`);
      return;
    }
    const render = () => {
      const seconds = until === undefined ? '' : ` ${left(until, this.#now())}`;
      this.#spin(`${this.#elapsed(this.#now())} ${name}${seconds}`);
    };
    render();
    this.#ticking = setInterval(render, 250);
    this.#ticking.unref();
  }

  /** On a terminal, where states come and go, what they found stays. */
  #keep(at: number, name: string, said: string): void {
    if (this.#spinner) {
      this.#spinner.stopAndPersist({
        symbol: '-',
        text: legible(`${this.#elapsed(at)} ${name}: ${said}`),
      });
    } else {
      this.#line(at, `  ${said}`);
    }
  }

  #line(at: number, text: string): void {
    this.#print(`${this.#elapsed(at)} ${text}`);
  }

  #print(line: string): void {
    if (this.#spinner) this.#spin(line);
    else this.#stream.write(`${legible(line)}\n`);
  }

  #spin(line: string): void {
    const text = legible(line);
    if (this.#spinner?.isSpinning) this.#spinner.text = text;
    else this.#spinner?.start(text);
  }

  #elapsed(at: number): string {
    const seconds = (at - (this.#startedAt ?? at)) / 1000;
    return `${seconds.toFixed(1).padStart(6)} s`;
  }

  #stopTicking(): void {
    clearInterval(this.#ticking);
  }
}

function left(until: number, now: number): string {
  const seconds = Math.max(0, Math.ceil((until - now) / 1000));
  if (seconds < 120) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min, until ${localTime(until)}`;
}

/** What a Task state found, in a few words; nothing for one that failed. */
function detail(name: string, state: RotationState): string | undefined {
  if (state.Plan === undefined || state.Failure !== undefined) return undefined;
  const { Plan, Reservation, Start, Description, Verification, Bake } = state;
  switch (name) {
    case 'PlanRotation':
      return `${Plan.Decision}${'KeyId' in Plan ? ` ${Plan.KeyId}` : ''}, ${Plan.Reason}`;
    case 'ReserveQuota':
      return Reservation?.Status;
    case 'StartEncryption':
      return Start?.RequestId
        ? `${Start.Status}, request ${Start.RequestId}`
        : `${Start?.Status}${Start?.Cause ? `, ${Start.Cause}` : ''}`;
    case 'DescribeStream':
      return Description?.Status === 'UPDATING'
        ? undefined
        : `${Description?.Status}, KeyId ${Description?.KeyId}`;
    case 'WatchAlarms':
      return Bake?.Status;
    case 'VerifyEncryption':
      return `EncryptionType ${Verification?.EncryptionType}, ${Verification?.ShardId}, record ${Verification?.SequenceNumber}`;
  }
  return undefined;
}
