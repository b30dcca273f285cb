import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { type Answer, forward } from './forward.ts';

/** By the first part of `x-amz-target`. */
export const SERVICES = {
  Kinesis_20131202: 'KINESIS',
  DynamoDB_20120810: 'DYNAMODB',
  GraniteServiceVersion20100801: 'CLOUDWATCH',
  TrentService: 'KMS',
  AWSEvents: 'EVENTBRIDGE',
} as const;
type Target = keyof typeof SERVICES;
export type ProxiedService = (typeof SERVICES)[Target];

/** A call as it arrived, and what became of it. */
export interface Call {
  service: ProxiedService;
  operation: string;
  body: Record<string, unknown>;
  /** {@link Scope.phase} when it arrived. */
  phase: string;
  /** What the service answered; absent where it was never asked. */
  status?: number;
}

/** What a fault may do with a call. */
interface Exchange {
  call: Call;
  /** Has the service apply the call. */
  forward: () => Promise<Answer>;
  answer: (answer: Answer) => void;
  /** Ends the connection without an answer. */
  hangUp: () => void;
  /** Kills the caller, as far as {@link Scope.onKill} can. */
  kill: () => void;
}

export type Fault = (exchange: Exchange) => Promise<void> | void;

/**
 * An error as AWS answers it.
 *
 * @see https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html#operation-error-serialization
 */
export function awsError(name: string, status = 400): Fault {
  return ({ answer }) =>
    answer({
      status,
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amzn-RequestId': randomUUID(),
      },
      body: JSON.stringify({ __type: name, message: `${name}, injected` }),
    });
}

/** The answer of a load balancer without a healthy target. */
export const UNAVAILABLE: Fault = ({ answer }) =>
  answer({
    status: 503,
    headers: { 'content-type': 'text/html' },
    body: '<html><body><b>Http/1.1 Service Unavailable</b></body></html>',
  });

/** The connection ends, and the service has never seen the call. */
export const DROPPED_BEFORE: Fault = ({ hangUp }) => hangUp();

/** The service has applied the call, and its answer is lost. */
export const DROPPED_AFTER: Fault = async ({ forward, hangUp }) => {
  await forward();
  hangUp();
};

/** The caller dies before the call has left. */
export const KILLED_BEFORE: Fault = ({ kill }) => kill();

/** The caller dies after the call was applied. */
export const KILLED_AFTER: Fault = async ({ forward, kill }) => {
  await forward();
  kill();
};

/** The service applies the call at once, and its answer takes this long. */
export function answeredLate(ms: number): Fault {
  return async ({ forward, answer }) => {
    const late = await forward();
    await delay(ms, undefined, { ref: false });
    answer(late);
  };
}

/** The service answers, and something else arrives. */
export function altered(change: (body: never) => unknown): Fault {
  return async ({ forward, answer }) => {
    const { status, headers, body } = await forward();
    const after = JSON.stringify(change(JSON.parse(body) as never));
    answer({ status, headers, body: after });
  };
}

/** Another principal acts just before the call meets its fault. */
export function meanwhile(action: () => Promise<unknown>, fault: Fault): Fault {
  return async (exchange) => {
    await action();
    await fault(exchange);
  };
}

/** Which calls meet a fault. What is absent fits every call. */
export interface Rule {
  service?: ProxiedService;
  operation?: string;
  phase?: string;
  /** Anything else, with the calls of the scope before this one. */
  when?: (call: Call, earlier: readonly Call[]) => boolean;
  /** The number of matching calls that pass before the fault. */
  after?: number;
  /** The number of calls that meet the fault; all, if absent. */
  times?: number;
  fault: Fault;
}

/** The calls that belong together, by a text that their bodies contain. */
export interface Scope {
  /** The first that fits is the one that counts. */
  rules: Rule[];
  /** In the order in which they arrived. */
  calls: Call[];
  /** What the caller is about; only the caller knows. */
  phase: string;
  /**
   * Told of a kill. The call is never answered, and neither is the same call
   * when the SDK makes it again, so the one who made it does nothing any more.
   */
  onKill?: () => void;
  /** How often an operation was called. */
  count: (operation: string) => number;
  /** How often the service did what it was asked. */
  applied: (operation: string) => number;
  /** How often the fault of a rule was met. */
  met: (rule: Rule) => number;
  /** Forgets the scope, and ends the connections that are left of it. */
  close: () => void;
}

export interface FaultProxy {
  endpoint: string;
  /** Opens a scope. Calls of none pass untouched. */
  scope: (text: string) => Scope;
  close: () => Promise<void>;
}

interface OpenScope extends Scope {
  /** The calls so far that fitted a rule. */
  fits: Map<Rule, number>;
  sockets: Set<Socket>;
}

/**
 * Stands between the SDK's clients and the services, on 127.0.0.1, and lets
 * calls meet faults. All services share its one port, since a call says by
 * `x-amz-target` where it wants to go.
 */
export async function startFaultProxy(
  upstream: { [Service in ProxiedService]?: string | undefined },
): Promise<FaultProxy> {
  const scopes = new Map<string, OpenScope>();
  const closing = new AbortController();
  /** Of the SDK's: one a call, with all its attempts. */
  const killed = new Set<unknown>();

  const server = createServer(async (request, response) => {
    const content = await buffer(request).catch(() => undefined);
    if (content === undefined) return;
    const invocation = request.headers['amz-sdk-invocation-id'];
    if (killed.has(invocation)) return;
    const text = content.toString();
    const { socket } = request;
    const [target = '', operation = ''] = String(
      request.headers['x-amz-target'],
    ).split('.');
    const service = SERVICES[target as Target];
    const scope = scopeOf(scopes, text);
    const call: Call = {
      service,
      operation,
      body: text === '' ? {} : JSON.parse(text),
      phase: scope?.phase ?? '',
    };
    const fault = scope && faultOf(scope, call);
    scope?.calls.push(call);
    scope?.sockets.add(socket);
    const exchange: Exchange = {
      call,
      forward: async () => {
        const forwarded = await forward(upstream[service], request, content);
        call.status = forwarded.status;
        return forwarded;
      },
      answer: ({ status, headers, body }) => {
        const { length } = Buffer.from(body);
        response
          .writeHead(status, { ...headers, 'content-length': length })
          .end(body);
      },
      hangUp: () => socket.destroy(),
      kill: () => {
        killed.add(invocation);
        scope?.onKill?.();
      },
    };
    try {
      await (fault ?? PASSED)(exchange);
    } catch (error) {
      if (!closing.signal.aborted) {
        response.writeHead(502).end(`${service} ${operation}: ${error}`);
      }
    }
  });
  // Connections end with their scope, never between two calls.
  server.keepAliveTimeout = 0;
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;

  return {
    endpoint: `http://127.0.0.1:${port}`,
    scope: (text) => {
      const scope = openScope(() => scopes.delete(text));
      scopes.set(text, scope);
      return scope;
    },
    close: async () => {
      closing.abort();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** No fault: the call passes. */
export const PASSED: Fault = async ({ forward, answer }) =>
  answer(await forward());

function openScope(forget: () => void): OpenScope {
  const calls: Call[] = [];
  const sockets = new Set<Socket>();
  const fits = new Map<Rule, number>();
  const of = (operation: string) =>
    calls.filter((call) => call.operation === operation);
  return {
    rules: [],
    calls,
    phase: '',
    fits,
    sockets,
    count: (operation) => of(operation).length,
    applied: (operation) =>
      of(operation).filter(({ status }) => status === 200).length,
    met: (rule) => {
      const { after = 0, times = Infinity } = rule;
      return Math.min(times, Math.max(0, (fits.get(rule) ?? 0) - after));
    },
    close: () => {
      forget();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function scopeOf(
  scopes: Map<string, OpenScope>,
  text: string,
): OpenScope | undefined {
  for (const [name, scope] of scopes) if (text.includes(name)) return scope;
  return undefined;
}

function faultOf(scope: OpenScope, call: Call): Fault | undefined {
  for (const rule of scope.rules) {
    const { service, operation, phase, when } = rule;
    const { after = 0, times = Infinity } = rule;
    const fits =
      (service === undefined || service === call.service) &&
      (operation === undefined || operation === call.operation) &&
      (phase === undefined || phase === call.phase) &&
      (when === undefined || when(call, scope.calls));
    if (!fits) continue;
    const nth = (scope.fits.get(rule) ?? 0) + 1;
    scope.fits.set(rule, nth);
    if (nth > after && nth <= after + times) return rule.fault;
  }
  return undefined;
}
