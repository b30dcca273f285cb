import type {
  IncomingMessage,
  RequestListener,
  ServerResponse,
} from 'node:http';

const HUNG_UP = ['ECONNRESET', 'EPIPE'];

/**
 * A listener that reads a request before it answers. A client that hangs up in between,
 * or a service behind it that does, ends the exchange, and not the process.
 */
export function withHangUps(
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): RequestListener {
  return (request, response) => {
    answer(request, response).catch((error: Error & { code?: string }) => {
      response.destroy();
      if (!request.errored && !HUNG_UP.includes(error.code ?? '')) throw error;
    });
  };
}
