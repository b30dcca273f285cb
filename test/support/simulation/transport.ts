import { AsyncLocalStorage } from 'node:async_hooks';
import { HttpResponse } from '@smithy/core/protocols';
import type { HttpRequest, RequestHandler } from '@smithy/types';
import {
  type ProxiedService,
  SERVICES,
} from '../../../local/instruments/fault-proxy.ts';
import type { SeededRandom } from '../../../local/instruments/seeded-random.ts';
import { REQUEST_TIMEOUT_MS } from '../../../shared/lambda/clients.ts';
import { pause } from './virtual-time.ts';

/** An answer of AWS, in its JSON protocol. */
export interface Answer {
  status: number;
  body: object;
  requestId?: string;
}

export function refusal(name: string, message = `${name}, simulated`): Answer {
  return { status: 400, body: { __type: name, message } };
}

/** A function that runs, as AWS knows it by its calls. */
export interface Invocation {
  functionName: string;
  stream: string;
  /** Of the rotation that it works for; absent for the booking of reports. */
  rotationId?: string;
  /** How far its clock is ahead of AWS's, in milliseconds. */
  skewMs: number;
  isDead: boolean;
  kill: (error: string) => void;
}

/** A call that has left a function. */
export interface Call {
  service: ProxiedService;
  operation: string;
  input: Record<string, unknown>;
  by: Invocation;
}

/** What may become of a call; absent, it is applied and answered. */
export type Fault =
  | 'connection refused'
  | 'dropped before'
  | 'dropped after'
  | 'answered late'
  | 'failed before'
  | 'failed after'
  | 'killed before'
  | 'killed after'
  | Answer;

/** Which function is calling. */
export const invocations = new AsyncLocalStorage<Invocation>();

export interface TransportOptions {
  random: SeededRandom;
  /** Of a thousand ways to a service or back, those that take seconds. */
  slowPerMille: number;
  /** What the service does, at the moment at which the call arrives. */
  apply: (call: Call) => Answer | Promise<Answer>;
  faultOf: (call: Call) => Fault | undefined;
  /** What became of a call; no answer where it was never applied. */
  onCall: (call: Call, fault: Fault | undefined, answer?: Answer) => void;
}

type Handler = RequestHandler<HttpRequest, HttpResponse>;

/**
 * The network between the SDK's clients and the services, in one process and
 * in virtual time. Whoever was killed gets no answer any more, and reaches
 * nobody.
 */
export function createTransport(options: TransportOptions): Handler {
  const { random, slowPerMille, apply, faultOf, onCall } = options;
  /** Most answers are fast, some are slow, and none takes a call's time. */
  const legMs = () =>
    random.chance(slowPerMille / 1000)
      ? random.between(500, 4000)
      : random.between(1, 40);

  async function carry(call: Call): Promise<HttpResponse> {
    const { by } = call;
    if (by.isDead) return silence();
    const fault = faultOf(call);
    const isRefusal = typeof fault === 'object';
    const isApplied =
      !isRefusal && (fault === undefined || !UNAPPLIED.includes(fault));
    const before = random.next();
    if (fault === 'killed before') return die(call, fault);
    await pause(
      fault === 'answered late'
        ? Math.floor(before * REQUEST_TIMEOUT_MS)
        : legMs(),
    );
    // A request that is on its way arrives, whatever becomes of its sender.
    const answer = isApplied ? await apply(call) : undefined;
    onCall(call, fault, answer);
    if (by.isDead) return silence();
    if (fault === 'killed after') return die(call, fault);
    if (fault === 'answered late') {
      await pause(Math.ceil((1 - before) * REQUEST_TIMEOUT_MS));
      throw broken('TimeoutError', 'ETIMEDOUT');
    }
    await pause(legMs());
    if (by.isDead) return silence();
    if (isRefusal) return toResponse(fault);
    switch (fault) {
      case 'connection refused':
        throw broken('Error', 'ECONNREFUSED');
      case 'dropped before':
      case 'dropped after':
        throw broken('Error', 'ECONNRESET');
      case 'failed before':
      case 'failed after':
        return toResponse({ ...refusal('InternalFailure'), status: 500 });
    }
    return toResponse(answer as Answer);
  }

  function die(call: Call, fault: Fault): Promise<never> {
    if (fault === 'killed before') onCall(call, fault);
    call.by.kill('Lambda.Unknown');
    return silence();
  }

  return {
    handle: async ({ headers, body }) => {
      const by = invocations.getStore();
      if (by === undefined) throw new Error('A call of no function');
      const [target, operation = ''] = String(headers['x-amz-target']).split(
        '.',
      );
      const service = SERVICES[target as keyof typeof SERVICES];
      const input = JSON.parse(new TextDecoder().decode(body));
      return { response: await carry({ service, operation, input, by }) };
    },
  };
}

const UNAPPLIED: readonly Fault[] = [
  'connection refused',
  'dropped before',
  'failed before',
  'killed before',
];

function silence(): Promise<never> {
  return new Promise(() => {});
}

function broken(name: string, code: string): Error {
  return Object.assign(new Error(`${code}, simulated`), { name, code });
}

export function toResponse({ status, body, requestId }: Answer): HttpResponse {
  return new HttpResponse({
    statusCode: status,
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amzn-requestid': requestId ?? 'none',
    },
    body: Buffer.from(JSON.stringify(body)),
  });
}
