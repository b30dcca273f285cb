import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { createProgram } from '../../cli/program.ts';
import { commandOf, examplesIn } from '../../scripts/cli-examples.ts';

const page = await readFile('docs/cli.md', 'utf8');
const { commands } = createProgram({
  signal: new AbortController().signal,
  forceQuit: new AbortController().signal,
  exitCode: () => undefined,
});

it('docs/cli.md lists every command', () => {
  const listed = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  expect(listed.toSorted()).toEqual(
    commands.map((command) => command.name()).toSorted(),
  );
});

it.each(examplesIn(page).map(({ args }) => args))(
  'docs/cli.md shows what the command line takes: %s',
  (name, ...words) => {
    const command = commands.find((each) => each.name() === name);
    // The file of streams is a flag of the whole program.
    const [, ...rest] =
      words[0] === '--rotations' ? words.slice(1) : ['', ...words];
    expect(command?.parseOptions(rest).unknown).toEqual([]);
  },
);

it('docs/cli.md shows the command of every output', () => {
  const marks = [...page.matchAll(/^(<!-- run: .*)\n\n```\n(.*)$/gm)];
  expect(marks).toHaveLength(examplesIn(page).length);
  for (const [, mark, line] of marks) expect(line).toBe(commandOf(mark));
});
