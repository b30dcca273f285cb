import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Command, Option } from 'commander';
import { describe, expect, it, vi } from 'vitest';
import { createProgram } from '../../cli/program.ts';
import { CHILD_NODE } from '../support/cli/child-node.ts';
import { runInProcess } from '../support/cli/run-in-process.ts';
import { listen } from '../support/local/listen.ts';
import { temporaryDirectory } from '../support/local/temporary-directory.ts';

const never = new AbortController().signal;
const { commands, options: globalOptions } = createProgram({
  signal: never,
  forceQuit: never,
  exitCode: () => undefined,
});

/** Clears the screen, rings, returns, forges a line and turns the direction. */
const HOSTILE = '\u001b[2J\u0007\r\u009b31m\u202e\nforged';

const STATE_MACHINE =
  'arn:aws:states:us-east-1:111122223333:stateMachine:rotate-stream';
const EXECUTION = `${STATE_MACHINE.replace('stateMachine', 'execution')}:o-1`;

/** What commands need to reach their work. */
const NEEDED: Record<string, string[][]> = {
  rotate: [
    ['--stream-name', 'orders', '--key-id', 'alias/a'],
    ['--stage', 'prod', '--stream-name', 'orders', '--key-id', 'alias/a'],
    [
      '--state-machine-arn',
      STATE_MACHINE,
      ...['--stream-name', 'orders', '--key-id', 'alias/a'],
    ],
  ],
  follow: [[EXECUTION]],
  plan: [['--stream-name', 'orders', '--key-id', 'alias/a']],
  trigger: [['--event', 'examples/events/drift-alarm.json']],
  complete: [['bash'], ['--', 'quota', '--stream-name']],
  // Without a wrong port it would stay up.
  local: [['--sfn-port', 'x']],
};

/** Answers DescribeTable, and finds nothing for the other calls. */
const EMPTY_TABLE = { Table: { TableStatus: 'ACTIVE' } };

const takesValue = (option: Option) => option.required || option.optional;

function linesFor(command: Command): string[][] {
  const name = command.name();
  const needed = NEEDED[name] ?? [[], ['--stage', 'prod']];
  const flags = [...command.options, ...globalOptions].flatMap((option) =>
    option.long && takesValue(option) ? [option.long] : [],
  );
  return [
    [name, HOSTILE],
    [name, `--${HOSTILE}`],
    ...needed.flatMap((given) => [
      [name, ...given, HOSTILE],
      ...flags.map((flag) => [name, ...given, flag, HOSTILE]),
    ]),
  ];
}

const LINES = [
  [HOSTILE],
  [`--${HOSTILE}`],
  ['help', HOSTILE],
  ...commands.flatMap(linesFor),
];

/** Finds no record and no stream, and refuses with a hostile message. */
function serveHostile() {
  const server = createServer((request, response) => {
    request.resume();
    const isRead = /DynamoDB/.test(String(request.headers['x-amz-target']));
    response.writeHead(isRead ? 200 : 400, {
      'content-type': 'application/x-amz-json-1.1',
    });
    const refusal = { __type: 'AccessDeniedException', message: HOSTILE };
    response.end(JSON.stringify(isRead ? EMPTY_TABLE : refusal));
  });
  return listen(server);
}

describe('a hostile argument, on an AWS that answers in kind', () => {
  it.each(LINES)(
    'prints no control character: %j %j %j %j %j',
    async (...args) => {
      const home = await temporaryDirectory();
      vi.stubEnv('AWS_PROFILE', undefined);
      const endpoint = await serveHostile();
      const { stdout, stderr } = await runInProcess(args, {
        ...CHILD_NODE,
        HOME: home,
        INIT_CWD: home,
        LOCAL_DIR: home,
        AWS_ENDPOINT_URL: endpoint,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'key',
        AWS_SECRET_ACCESS_KEY: 'secret',
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_MAX_ATTEMPTS: '1',
      });
      expect(stdout + stderr).not.toMatch(/(?![\n\t])[\p{Cc}\p{Cf}]/u);
      expect(stdout + stderr).not.toMatch(/^forged/m);
      expect(await readdir('.')).not.toContain(HOSTILE);
    },
  );
});
