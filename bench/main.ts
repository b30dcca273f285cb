/** Measures, and prints tables for people or one JSON document. */
import { Command, Option } from 'commander';
import { rowTable } from '../cli/output/table.ts';
import { type Measured, measured, SECTION_NAMES } from './sections.ts';

interface Options {
  only?: string[];
  output: 'text' | 'json';
}

const { only, output } = new Command('npm run bench --')
  .description('measures what docs/performance.md shows')
  .addOption(
    new Option('--only <sections...>', 'these, and not all').choices(
      SECTION_NAMES,
    ),
  )
  .addOption(
    new Option('--output <format>', 'for people, or one JSON document')
      .choices(['text', 'json'])
      .default('text'),
  )
  .parse()
  .opts<Options>();

function print({ Title, Tables }: Measured): void {
  process.stdout.write(`# ${Title}\n\n`);
  for (const table of Tables) {
    process.stdout.write(
      `${table.Title}\n\n${rowTable(table.Head, table.Rows)}\n\n`,
    );
  }
}

const data: Record<string, unknown> = {};
for await (const section of measured(only)) {
  data[section.Name] = section.Data;
  if (output === 'text') print(section);
}
if (output === 'json') {
  process.stdout.write(`${JSON.stringify(data, null, 2)}\n`);
}
