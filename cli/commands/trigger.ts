import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { readTemplate, TemplateError } from '../../local/events/template.ts';
import {
  type EventBridgeEvent,
  explainNoMatch,
  type FoundTrigger,
  findTriggers,
} from '../../local/events/triggers.ts';
import { runRotation } from '../../local/runner/rotation.ts';
import { invokeFunction } from '../../local/runner/state-machine.ts';
import type { LocalAws } from '../../local/session/local-aws.ts';
import { quote } from '../../shared/errors/text.ts';
import { readFailure } from '../../shared/rotation/failure.ts';
import { TEMPLATE_FILE } from '../../stack/plain-template.ts';
import type { CommandContext } from '../environment/context.ts';
import { withProgress } from '../environment/embedded-aws.ts';
import { readEvent, setEventTimes } from '../input/event.ts';
import { outcomeText } from '../output/outcome-text.ts';
import type { Progress } from '../output/progress.ts';
import { type OutputOptions, render } from '../output/render.ts';

/** The flags of the command. */
export interface TriggerOptions extends OutputOptions {
  /** A file, or `-` for stdin. */
  event: string;
  /** Whether the event is to have happened now. */
  now?: boolean;
}

const STATE_MACHINE = 'AWS::StepFunctions::StateMachine';
const FUNCTION = 'AWS::Lambda::Function';
const TOPIC = 'AWS::SNS::Topic';

/** What became of what a rule or schedule started. */
interface Triggered extends FoundTrigger {
  Outcome: Answer;
}

type Answer = { Status: string } & Record<string, unknown>;

/**
 * Finds what of the packaged template takes an event, runs what that targets on
 * the embedded AWS, and prints the outcome. The template is in the folder that
 * `PACKAGE_DIR` names, .serverless otherwise.
 *
 * @returns the exit code
 * @throws InvalidRequest and TemplateError, before anything is started
 */
export async function trigger(
  options: TriggerOptions,
  context: CommandContext,
): Promise<number> {
  const { interruption } = context;
  const { signal } = interruption;
  const { event: file, now } = options;
  const given = await readEvent(file, signal);
  const event = now ? setEventTimes(given, new Date()) : given;
  const path = join(process.env.PACKAGE_DIR || '.serverless', TEMPLATE_FILE);
  const template = await readTemplate(path);
  await warnOfChanges(path);
  const found = findTriggers(template, event);
  if (found.length === 0) {
    process.stderr.write(
      `Nothing matches source ${quote(event.source)}, detail-type ${quote(event['detail-type'])}: ${explainNoMatch(template, event)}\n`,
    );
    return 1;
  }
  found.forEach(checkTarget);

  const run = async (aws?: LocalAws, progress?: Progress) => {
    const triggered: Triggered[] = [];
    for (const one of found) {
      if (triggered.length > 0 && signal.aborted) break;
      progress?.say(`${one.Rule} starts ${one.Target.LogicalId}`);
      const outcome = await start(one, signal, aws, progress);
      triggered.push({ ...one, Outcome: outcome });
    }
    progress?.end();
    const text = render(toDocument(triggered), options, () =>
      triggered.map((one) => toText(one, event)).join('\n'),
    );
    process.stdout.write(text);
    const isSuccess =
      triggered.length === found.length &&
      triggered.every(({ Outcome: { Status } }) => Status === 'SUCCEEDED');
    return isSuccess ? 0 : (interruption.exitCode() ?? 1);
  };
  // A topic has no subscribers here.
  if (found.every(({ Target }) => Target.Type === TOPIC)) return run();
  return withProgress(context, run);
}

function checkTarget({ LogicalId, Target }: FoundTrigger): void {
  if ([STATE_MACHINE, FUNCTION, TOPIC].includes(Target.Type)) return;
  throw new TemplateError(
    `${LogicalId}: its target ${Target.LogicalId} is a ${Target.Type}; only state machines, functions and topics can be tried here`,
  );
}

async function start(
  { Target, Input }: FoundTrigger,
  signal: AbortSignal,
  aws?: LocalAws,
  progress?: Progress,
): Promise<Answer> {
  if (Target.Type === TOPIC || aws === undefined) {
    return { Status: 'SUCCEEDED', Message: Input };
  }
  const { handlers, region, account } = aws;
  if (Target.Type === FUNCTION) {
    signal.throwIfAborted();
    return invoke(handlers, Target.LogicalId, Input);
  }
  const outcome = await runRotation({
    request: Input,
    handlers,
    region,
    account,
    signal,
    onEvent: (event) => progress?.show(event),
  });
  return { ...outcome };
}

/** Calls a function as Lambda does, by its logical id. */
async function invoke(
  handlers: LocalAws['handlers'],
  logicalId: string,
  input: unknown,
): Promise<Answer> {
  const functionName = logicalId.replace(/LambdaFunction$/, '');
  const handler = handlers[functionName];
  if (handler === undefined) {
    throw new TemplateError(
      `${logicalId} is not a function of functions/, so it cannot run here`,
    );
  }
  try {
    return (await invokeFunction(functionName, handler, input)) as Answer;
  } catch (error) {
    const { name, message } = error as Error;
    const failure = readFailure({ Error: name, Cause: message });
    return { Status: 'FAILED', ...failure };
  }
}

/** Says of what the template is made from, and has changed since. */
async function warnOfChanges(path: string): Promise<void> {
  const folders = await Promise.all(
    ['shared/config', 'stack'].map((folder) => filesOf(folder)),
  );
  const sources = ['rotations.yml', 'serverless.yml', ...folders.flat()];
  const packagedAt = await changedAt(path);
  for (const source of sources) {
    if ((await changedAt(source)) <= packagedAt) continue;
    process.stderr.write(
      `Warning: ${path} is older than ${source}; npx kinesis-key-rotation package writes it again\n`,
    );
    return;
  }
}

async function filesOf(folder: string): Promise<string[]> {
  const files = await readdir(folder, { recursive: true }).catch(() => []);
  return files.map((file) => join(folder, file));
}

/** Milliseconds since the epoch; 0 for what is not there. */
async function changedAt(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
}

function toDocument(triggered: Triggered[]): unknown {
  const documents = triggered.map(({ Rule, Input, Outcome }) => ({
    Rule,
    Request: Input,
    Outcome,
  }));
  return documents.length === 1 ? documents[0] : documents;
}

function toText(
  { Rule, Target, Input, Outcome }: Triggered,
  event: EventBridgeEvent,
): string {
  const input = Input === event ? 'the event as it is' : JSON.stringify(Input);
  const isTopic = Target.Type === TOPIC;
  const isRotation = Target.Type === STATE_MACHINE;
  const isFailure = Outcome.Status === 'FAILED';
  const outcome = isTopic
    ? 'Subscribers would get this message; nothing runs here.'
    : isRotation || isFailure
      ? outcomeText(Outcome as never)
      : stringify(Outcome).trimEnd();
  return [
    `Rule    ${Rule} -> ${Target.LogicalId}`,
    `${isTopic ? 'Message' : 'Request'} ${input}`,
    outcome,
  ].join('\n');
}
