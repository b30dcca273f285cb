import { describe, expect, it } from 'vitest';
import { HELP_EXAMPLES } from '../../cli/input/help-examples.ts';
import { createProgram } from '../../cli/program.ts';

const UNINTERRUPTED = {
  signal: new AbortController().signal,
  forceQuit: new AbortController().signal,
  exitCode: () => undefined,
};
const { commands } = createProgram(UNINTERRUPTED);
const examples = Object.entries(HELP_EXAMPLES).flatMap(([name, lines]) =>
  lines.map((line) => [line, name] as const),
);

describe('--help', () => {
  it('has examples for every command', () => {
    expect(commands.map((command) => command.name()).toSorted()).toEqual(
      Object.keys(HELP_EXAMPLES).toSorted(),
    );
  });

  it.each(examples)('shows %s, which that command takes', (line, name) => {
    const [first, ...words] =
      line.match(/"[^"]*"|\S+/g)?.map((word) => word.replaceAll('"', '')) ?? [];
    expect(first).toBe(name);
    const top = commands.find((each) => each.name() === name);
    const sub = top?.commands.find((each) => each.name() === words[0]);
    const command = sub ?? top;
    const { operands, unknown } =
      command?.parseOptions(sub ? words.slice(1) : words) ?? {};
    expect(unknown).toEqual([]);
    expect(operands?.length).toBeLessThanOrEqual(
      command?.registeredArguments.length ?? 0,
    );
  });
});
