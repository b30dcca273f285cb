import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createProgram } from '../../cli/program.ts';
import { watchAlarmName } from '../../shared/config/watch-alarms.ts';
import { ERRORS } from '../../shared/errors/errors.ts';
import {
  driftAlarmName,
  neededKeysAlarmName,
} from '../../shared/identifiers/service-names.ts';
import {
  RUNBOOK,
  runbookOfError,
  runbookOfWarning,
} from '../../shared/notification/runbook.ts';
import { anchorsOf } from '../support/docs/anchors.ts';

const page = await readFile(RUNBOOK, 'utf8');
const { resources, functions } = parse(
  await readFile('serverless.yml', 'utf8'),
  { logLevel: 'silent' },
) as {
  resources: {
    Resources: Record<
      string,
      { Type: string; Properties: Record<string, unknown> }
    >;
  };
  functions: Record<string, unknown>;
};
const ofType = (type: string) =>
  Object.values(resources.Resources)
    .filter(({ Type }) => Type === type)
    .map(({ Properties }) => Properties);
const nameOf = (name: unknown) =>
  String(name).replaceAll(
    '${self:custom.name}',
    'kinesis-key-rotation-<stage>',
  );

/** The lines of a section, from its heading to the next heading. */
function section(heading: string): string {
  const [, rest = ''] = page.split(`\n${heading}\n`);
  return rest.split(/\n#{2,3} /)[0] ?? '';
}

/** The cells of a table's rows. */
const rowsOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => /^\| .*`/.test(line))
    .map((line) => line.split(/(?<!\\) \| /));

/** The commands of a page: those in blocks, and those between backticks. */
const COMMANDS = [
  ...[...page.matchAll(/^ *```sh\n([\s\S]*?)^ *```$/gm)].flatMap(
    ([, block = '']) => block.trim().split('\n'),
  ),
  ...[...page.matchAll(/`((?:npx|aws) [^`\n]+)`/g)].map(([, one = '']) => one),
].map((line) => line.trim());

describe('the index of docs/operations.md', () => {
  it('has every alarm, with its section', () => {
    const alarms = [
      driftAlarmName('<stage>', '<stream>'),
      neededKeysAlarmName('<stage>'),
      watchAlarmName('<stage>', '<stream>', { name: '<metric>' }),
      ...ofType('AWS::CloudWatch::Alarm').map(({ AlarmName }) =>
        nameOf(AlarmName),
      ),
    ];
    const rows = rowsOf(section('## Alarms'));
    expect(rows.map(([name = '']) => name.replace(/[|` ]/g, ''))).toEqual(
      alarms,
    );
    for (const [, means = '', link = ''] of rows) {
      expect(means).toMatch(/\.$/);
      const [, anchor] = /\(#([\w-]+)\)/.exec(link) ?? [];
      expect(section(`### ${anchor?.replace('alarm-', 'Alarm ')}`)).toContain(
        '```sh\n',
      );
    }
  });

  it('has every dead-letter queue, and all that can send to it', () => {
    const queues = ofType('AWS::SQS::Queue').map(({ QueueName }) =>
      nameOf(QueueName),
    );
    const text = section('### Alarm dead-letters');
    expect(queues).toHaveLength(1);
    for (const queue of queues) expect(text).toContain(`\`${queue}\``);
    for (const action of ['Read', 'Redrive', 'Delete', 'purge']) {
      expect(text).toContain(`**${action}**`);
    }
    const table = rowsOf(text)
      .map(([source]) => source)
      .join('\n');
    for (const { Name } of ofType('AWS::Events::Rule')) {
      const [, rule] = nameOf(Name).split('<stage>');
      expect(table).toContain(`rule \`...${rule}\``);
    }
    for (const { FunctionName } of ofType('AWS::Lambda::EventInvokeConfig')) {
      const name = String(FunctionName).replace('LambdaFunction', '');
      expect(functions).toHaveProperty(name);
      expect(table).toContain(`function \`${name}\``);
    }
    for (const schedule of ['rotate-<stream>', 'sweep-drift']) {
      expect(table).toContain(`schedule \`${schedule}\``);
    }
    for (const row of rowsOf(text)) expect(row[2]).toMatch(/`(?:aws|npx) /);
  });

  it('has every Error, with an anchor, its meaning and a command', () => {
    const rows = rowsOf(section('## Errors'));
    const names = [...Object.keys(ERRORS), 'FleetIncomplete'];
    expect(rows.map(([name = '']) => name)).toEqual(
      names.map((name) => `| <a id="${name.toLowerCase()}"></a>\`${name}\``),
    );
    for (const [name, means, does] of rows) {
      expect(means, name).toMatch(/\.$/);
      expect(does, name).toMatch(/`(?:aws|npx) /);
    }
  });

  it("has AWS's own errors that errors.md names, with a command", async () => {
    const errors = await readFile('docs/errors.md', 'utf8');
    const [, others = ''] = errors.split("AWS's own, among");
    const names = [...others.matchAll(/^\| (.*?) \|/gm)]
      .flatMap(([, cell = '']) => [...cell.matchAll(/`([^`]+)`/g)])
      .map(([, name]) => name);
    const rows = rowsOf(section('## Errors of AWS'));
    expect(
      rows.map(([name = '']) => /`([^`]+)`/.exec(name)?.[1]).sort(),
    ).toEqual(names.toSorted());
    for (const [name, , does] of rows)
      expect(does, name).toMatch(/`(?:aws|npx) /);
  });

  it('is where messages and alarms link to', () => {
    const anchors = anchorsOf(page);
    for (const name of [...Object.keys(ERRORS), 'AccessDeniedException']) {
      expect(anchors).toContain(runbookOfError(name, RUNBOOK).split('#')[1]);
    }
    expect(anchors).toContain(runbookOfWarning(RUNBOOK).split('#')[1]);
    expect(anchors).toHaveLength(new Set(anchors).size);
  });

  it('has links to places that are there', async () => {
    for (const [, path, anchor = ''] of page.matchAll(
      /\]\(([\w.]*)#([\w-]+)\)/g,
    )) {
      const target = path ? await readFile(`docs/${path}`, 'utf8') : page;
      expect(anchorsOf(target), `${path}#${anchor}`).toContain(anchor);
    }
  });
});

describe('a command of docs/operations.md', () => {
  const { commands } = createProgram({
    signal: new AbortController().signal,
    forceQuit: new AbortController().signal,
    exitCode: () => undefined,
  });
  const ours = COMMANDS.filter((line) => line.startsWith('npx '));

  it('is there, of both kinds', () => {
    expect(ours.length).toBeGreaterThan(20);
    expect(
      COMMANDS.filter((line) => line.startsWith('aws ')).length,
    ).toBeGreaterThan(20);
  });

  it.each([...new Set(ours)])(
    'is one that the command line takes: %s',
    (line) => {
      const words = (line.match(/"[^"]*"|\S+/g) ?? []).map((word) =>
        word.replaceAll('"', ''),
      );
      const [npx, program, name, ...rest] = words;
      expect([npx, program]).toEqual(['npx', 'kinesis-key-rotation']);
      const command = commands.find((each) => each.name() === name);
      const { operands = [], unknown } = command?.parseOptions(rest) ?? {};
      expect(unknown).toEqual([]);
      expect(operands).toHaveLength(command?.registeredArguments.length ?? -1);
    },
  );

  it('has a variable for everything to fill in, which the page sets before', () => {
    const known = new Set<string>();
    for (const line of COMMANDS) {
      for (const [, name = ''] of line.matchAll(/\$\{?([A-Z_]+)/g)) {
        expect([...known], line).toContain(name);
      }
      for (const [, name = ''] of line.matchAll(
        /(?:^|export |\s)([A-Z_]+)=/g,
      )) {
        known.add(name);
      }
      expect(line).not.toMatch(/<[a-z]|\.\.\.|\barn:aws(?!:states:eu-west-1)/);
    }
  });
});
