/** Measures sections, and prints tables for people or one JSON document. */
import { Command, Option } from 'commander';
import { rowTable } from '../cli/output/table.ts';
import { SECTIONS } from './sections.ts';

const names = SECTIONS.map(({ name }) => name);

const { only, output } = new Command('npm run bench --')
  .description('measures the figures of docs/performance.md')
  .addOption(
    new Option('--only <sections...>', 'measure only these sections')
      .choices(names)
      .default(names, 'all'),
  )
  .addOption(
    new Option('--output <format>', 'for people, or one JSON document')
      .choices(['text', 'json'])
      .default('text'),
  )
  .parse()
  .opts<{ only: string[]; output: 'text' | 'json' }>();

const results: Record<string, unknown> = {};
for (const { name, title, measure, tables } of SECTIONS) {
  if (!only.includes(name)) continue;
  const data = await measure();
  results[name] = data;
  if (output === 'json') continue;
  const texts = tables(data).map(
    (table) => `${table.title}\n\n${rowTable(table.head, table.rows)}\n\n`,
  );
  process.stdout.write(`# ${title}\n\n${texts.join('')}`);
}
if (output === 'json') {
  process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
}
