import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { standingCost, totalOf } from '../../cli/preview/standing-cost.ts';
import { withRequestFields } from '../../scripts/request-fields.ts';
import {
  DIAGRAMS,
  goodWay,
  mermaid,
  readDefinition,
  withDiagram,
} from '../../scripts/state-machine-diagram.ts';
import {
  readDeploymentSettings,
  SETTING_NAMES,
} from '../../shared/config/deployment-settings.ts';
import { parseRotations } from '../../shared/config/rotations-file.ts';
import { STREAM_FIELDS } from '../../shared/config/rotations-stream.ts';
import { REQUEST_FIELDS } from '../../shared/contract/request.ts';
import { ERRORS } from '../../shared/errors/errors.ts';
import { testTitles } from '../support/docs/test-titles.ts';

const read = (path: string) => readFile(path, 'utf8');

/** What stands in backticks at the begin of a table's rows. */
function firstColumn(text: string): string[] {
  return [...text.matchAll(/^\| `([^`]+)`/gm)].map((match) => match[1] ?? '');
}

describe.each(Object.entries(DIAGRAMS))('%s', (path, [machine, draw]) => {
  it('shows the state machine as it is; npm run diagram brings it up to date', async () => {
    const text = await read(path);
    const diagram = draw(await readDefinition(machine));
    expect(withDiagram(text, diagram)).toBe(text);
  });
});

describe('the diagram of a state machine', () => {
  it.each(['rotate-stream', 'rotate-fleet'])(
    'draws every state and every way on: %s',
    async (machine) => {
      const definition = await readDefinition(machine);
      const diagram = mermaid(definition);
      const states = [
        definition,
        ...Object.values(definition.States).flatMap(
          ({ ItemProcessor }) => ItemProcessor ?? [],
        ),
      ].flatMap(({ States }) => Object.entries(States));
      for (const [name, { Next, Default, Choices = [] }] of states) {
        for (const target of [Next, Default, ...Choices.map((c) => c.Next)]) {
          if (target === undefined) continue;
          expect(diagram).toMatch(
            new RegExp(`^ *${name} -->(\\|.*\\|)? ${target}$`, 'm'),
          );
        }
      }
    },
  );

  it('draws nine states of a rotation that goes well', async () => {
    const diagram = goodWay(await readDefinition('rotate-stream'));
    expect(diagram.match(/^ {2}\w+[[({].*$/gm)).toHaveLength(9);
    expect(diagram).toContain('ReserveQuota -->|GRANTED| StartEncryption');
    expect(diagram).toContain('DescribeStream -->|ACTIVE| WaitForPropagation');
  });

  it('refuses to draw a way that the state machine does not have', async () => {
    const { States, ...definition } = await readDefinition('rotate-stream');
    const { WaitForUpdate: _, ...rest } = States;
    expect(() => goodWay({ ...definition, States: rest })).toThrow(
      'No way from WaitForUpdate to DescribeStream',
    );
  });
});

/** The failure modes of operation, each with what keeps it. */
const MODES = [
  'The Start timed out, but was applied',
  'The stream reads ACTIVE as before, just after the Start',
  'The stream is being resharded',
  'The stream is UPDATING past the deadline',
  "The stream is ACTIVE under another principal's key",
  'AWS says LimitExceeded below our count',
  'Throttling that looks like an exhausted quota',
  'The key is disabled between plan and Start',
  "The probe's role may not use the new key",
  'An alarm ends a bake',
  'An alarm changes nothing',
  'Rights are not effective yet',
  'The probe is throttled on a hot shard',
  'The probe is still NONE for some seconds',
  'The stream is deleted, or made again, during a rotation',
  'The alias is repointed',
  'A key is compromised',
  'Drift stays, or returns',
  'A sweep cannot describe a stream',
  'Encryption is switched off by another principal',
  'A trigger comes twice, or late',
  'A fleet fails in part',
  'An execution is stopped',
  'An execution is redriven after its lease ran out',
  'The ledger is throttled or unreachable',
  'One stream is given by ARN and by name',
];

describe('docs/operations.md', () => {
  const sections = async () => {
    const [, modes = ''] = (await read('docs/operations.md')).split(
      '\n## Where to look',
    );
    return modes
      .split('\n## ')
      .slice(1)
      .map((text) => ({ title: text.split('\n')[0] ?? '', text }));
  };

  it('has every failure mode, in order', async () => {
    expect((await sections()).map(({ title }) => title)).toEqual(MODES);
  });

  it.each(MODES)(
    'says of it what is seen, done and tested: %s',
    async (mode) => {
      const { text = '' } =
        (await sections()).find(({ title }) => title === mode) ?? {};
      expect(text).toMatch(/\n- \*\*See\*\*: ./);
      expect(text).toMatch(/\n- \*\*Do\*\*: ./);
      const [, kept = ''] = text.split('\n- **Kept by**:');
      let path = '';
      const tests = kept.split('\n').flatMap((line) => {
        path = /`(test\/[^`]+)`/.exec(line)?.[1] ?? path;
        const test = /^ {2}- (?:`[^`]+`: )?(.+)$/.exec(line)?.[1];
        return test ? [{ path, test }] : [];
      });
      expect(tests).not.toEqual([]);
      for (const { path, test } of tests) {
        expect(await testTitles(path), path).toContain(test);
      }
    },
  );
});

describe('docs/', () => {
  it('errors.md explains every error, and no other', async () => {
    const [ours = ''] = (await read('docs/errors.md')).split(
      "AWS's own, among",
    );
    expect(firstColumn(ours)).toEqual(Object.keys(ERRORS));
  });

  it('request.md explains every field; npm run request-fields brings it up to date', async () => {
    const page = await read('docs/request.md');
    const [request = ''] = page.split('## Outcome');
    expect(firstColumn(request)).toEqual(REQUEST_FIELDS);
    expect(withRequestFields(page)).toBe(page);
  });

  it('rotations.md explains every field, and no other', async () => {
    const [streams = '', settings = ''] = (
      await read('docs/rotations.md')
    ).split('## Settings of the deployment');
    expect(firstColumn(streams)).toEqual(STREAM_FIELDS);
    expect(firstColumn(settings)).toEqual(SETTING_NAMES);
  });

  it('deployment.md shows the standing cost, as it is computed', async () => {
    const { Stream, Stage } = standingCost(readDeploymentSettings({}));
    const page = await read('docs/deployment.md');
    const shown = [Stream, Stage].map((costs) =>
      [...Object.values(costs), totalOf(costs)].map((usd) => usd.toFixed(2)),
    );
    const tables = [
      ...page.matchAll(/\| USD \|\n\|---\|---\|\n((?:\|.*\n)+)/g),
    ];
    expect(
      tables.map(([, rows = '']) => rows.match(/\d+\.\d\d(?= \|)/g)),
    ).toEqual(shown);
  });

  it.each(['rotations.md', 'infrastructure-as-code.md'])(
    '%s shows streams that rotations.yml takes',
    async (page) => {
      const blocks = (await read(`docs/${page}`)).matchAll(
        /^```yaml\n(.*?)^```$/gms,
      );
      const files = [...blocks]
        .map(([, text = '']) => text)
        .filter((text) => /^Streams:$/m.test(text));
      expect(files.length).toBeGreaterThan(0);
      for (const file of files) {
        expect(parseRotations(file).Streams[0]).toMatchObject({
          StreamName: 'orders',
        });
      }
    },
  );

  it('dependencies.md gives a reason for every package', async () => {
    const { dependencies, devDependencies } = JSON.parse(
      await read('package.json'),
    );
    const text = await read('docs/dependencies.md');
    const [installed = '', built = ''] = text.split(
      '## Of the deployed functions',
    );
    expect(firstColumn(installed)).toEqual(Object.keys(dependencies));
    const named = [...built.matchAll(/`([^`]+)`/g)].map((match) => match[1]);
    expect(named).toEqual(expect.arrayContaining(Object.keys(devDependencies)));
  });
});
