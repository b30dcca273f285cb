import type { IncomingMessage } from 'node:http';
import { proxyFetch } from 'httpxy';

/** An answer as it goes over the wire. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** Headers that belong to a connection, and not to the call. */
const OF_CONNECTION = ['connection', 'keep-alive', 'transfer-encoding'];

/** Sends a call to an endpoint, and returns its answer. */
export async function forward(
  endpoint: string | undefined,
  { method, url, headers }: IncomingMessage,
  body: Uint8Array<ArrayBuffer>,
): Promise<Answer> {
  if (endpoint === undefined) throw new Error('There is no such service');
  const kept = Object.entries(headers).filter(
    ([name]) => !OF_CONNECTION.includes(name),
  );
  const response = await proxyFetch(endpoint, `${endpoint}${url}`, {
    method,
    headers: kept.map(([name, value]) => [name, String(value)]),
    body,
  });
  const answered = [...response.headers].filter(
    ([name]) => ![...OF_CONNECTION, 'content-length'].includes(name),
  );
  return {
    status: response.status,
    headers: Object.fromEntries(answered),
    body: await response.text(),
  };
}
