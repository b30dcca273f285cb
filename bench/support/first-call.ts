import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { json } from 'node:stream/consumers';

/** How far a new process is when its function sends its first call to AWS. */
export interface FirstCall {
  /** Of all its threads, until the function is loaded. */
  loadedCpuMs: number;
  /** Of all its threads, until the call. */
  cpuMs: number;
  /** Since the process began. */
  wallMs: number;
}

/**
 * Loads a bundle as Lambda does and calls its handler. It says how far it is when the
 * first request begins, or when a function without any has ended.
 */
const PROGRAM = `
const [path, event] = process.argv.slice(1);
const cpuMs = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
let loadedCpuMs;
let isTold = false;
const tell = () => {
  if (isTold) return;
  isTold = true;
  const call = { loadedCpuMs, cpuMs: cpuMs(), wallMs: performance.now() };
  require('node:fs').writeSync(1, JSON.stringify(call));
  require('node:module').flushCompileCache();
};
require('node:diagnostics_channel').subscribe('http.client.request.start', tell);
const { handler } = require(path);
loadedCpuMs = cpuMs();
handler(JSON.parse(event), {}).then(tell, tell);
`;

/** A function that does nothing. */
export const IDLE = 'exports.handler = async () => {};';

/** What a call costs without the SDK: signed as one of AWS, by Node.js alone. */
export const BARE = `
const { createHmac } = require('node:crypto');
const { request } = require('node:https');
exports.handler = async (body) => {
  const signature = createHmac('sha256', 'secret').update('request').digest('hex');
  const call = request(process.env.AWS_ENDPOINT_URL, {
    method: 'POST',
    headers: { authorization: signature },
  });
  await new Promise((answer, fail) => {
    call.on('response', answer).on('error', fail).end(JSON.stringify(body));
  });
};`;

/** Variables that Lambda or serverless.yml set, and that decide what a start does. */
const ENVIRONMENT = {
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'id',
  AWS_SECRET_ACCESS_KEY: 'secret',
  AWS_SESSION_TOKEN: 'token',
  AWS_LAMBDA_FUNCTION_NAME: 'function',
  LEDGER_TABLE_NAME: 'ledger',
  EVENT_BUS_NAME: 'default',
};

/**
 * Starts a process for one function until its first call arrives at a server here. The
 * server never answers: its first bytes, of TLS, end the process.
 *
 * @param compileCache a folder for V8's compile cache, which a later process reads
 * @throws if no call arrives, except where the function makes none
 */
export async function firstCall(
  path: string,
  event: unknown,
  { isIdle = false, compileCache = '' } = {},
): Promise<FirstCall> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const child = spawn(
    process.execPath,
    ['--input-type=commonjs', '--eval', PROGRAM, path, JSON.stringify(event)],
    {
      env: {
        ...ENVIRONMENT,
        AWS_ENDPOINT_URL: `https://127.0.0.1:${port}`,
        ...(compileCache && { NODE_COMPILE_CACHE: compileCache }),
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let hasArrived = false;
  server.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      hasArrived = true;
      child.kill();
    });
  });
  const [call] = await Promise.all([json(child.stdout), once(child, 'exit')]);
  server.close();
  if (hasArrived === isIdle) {
    throw new Error(`${path} made ${isIdle ? 'a' : 'no'} call`);
  }
  return call as FirstCall;
}
