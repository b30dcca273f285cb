import type {
  IncomingMessage,
  RequestListener,
  ServerResponse,
} from 'node:http';

/** As much as DynamoDB takes, more than any other service does. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;

const LOCAL_NAMES = new Set(['127.0.0.1', 'localhost', '[::1]']);

/**
 * Keeps web pages away from a service on this machine. A page can send requests to
 * it, and with a name that resolves to 127.0.0.1 it can read the answers.
 *
 * Refuses with 403 a Host that is not of this machine, an Origin that is not the
 * service itself, and every preflight; with 413 a body of more than 16 MiB.
 */
export function guarded(listener: RequestListener): RequestListener {
  return (request, response) => {
    const reason = foreign(request);
    if (reason !== undefined) {
      refuse(request, response, 403, 'AccessDeniedException', reason);
      return;
    }
    limitBody(request, response);
    if (!response.headersSent) listener(request, response);
  };
}

function foreign({ method, headers }: IncomingMessage): string | undefined {
  const { host, origin } = headers;
  const name = URL.parse(`http://${host}`)?.hostname;
  if (name === undefined || !LOCAL_NAMES.has(name)) {
    return `The Host ${JSON.stringify(host)} is not this machine; the embedded AWS answers to 127.0.0.1 and localhost`;
  }
  if (
    method === 'OPTIONS' ||
    (origin !== undefined && origin !== `http://${host}`)
  ) {
    return 'The embedded AWS does not answer to web pages';
  }
  return undefined;
}

function limitBody(request: IncomingMessage, response: ServerResponse): void {
  const refuseBody = () =>
    refuse(
      request,
      response,
      413,
      'RequestEntityTooLargeException',
      `The body has more than ${MAX_BODY_BYTES} bytes`,
    );
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) {
    refuseBody();
    return;
  }
  let bytes = 0;
  const count = (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) return;
    request.off('data', count);
    // Dynalite has a bound of its own, and answers first.
    process.nextTick(() => {
      if (!response.headersSent) refuseBody();
    });
  };
  request.on('data', count);
}

/** In the form of AWS's JSON protocols. The connection ends: its body is not read. */
function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  name: string,
  message: string,
): void {
  // The service is not to answer as well.
  request.removeAllListeners();
  request.on('error', () => {});
  response.writeHead(status, {
    'Content-Type': 'application/x-amz-json-1.1',
    Connection: 'close',
  });
  response.end(JSON.stringify({ __type: name, message }), () =>
    request.destroy(),
  );
}
