/**
 * Draws the state machines as Mermaid, from the very files that are deployed,
 * and puts them into README.md and docs/fleet.md.
 */
import { readFile, writeFile } from 'node:fs/promises';

interface Rule {
  Variable?: string;
  IsPresent?: boolean;
  StringEquals?: string;
  TimestampLessThanPath?: string;
  And?: Rule[];
  Or?: Rule[];
}

interface State {
  Type: string;
  Next?: string;
  Default?: string;
  End?: boolean;
  Choices?: (Rule & { Next: string })[];
  Catch?: { ErrorEquals: string[]; Next: string }[];
  /** Of a Map. */
  ItemProcessor?: Definition;
}

export interface Definition {
  StartAt: string;
  States: Record<string, State>;
}

const BEGIN = '<!-- state machine: begin (npm run diagram) -->';
const END = '<!-- state machine: end -->';

const SHAPES: Record<string, [string, string]> = {
  Task: ['[', ']'],
  Choice: ['{', '}'],
  Wait: ['([', '])'],
  Pass: ['[/', '/]'],
  Succeed: ['((', '))'],
  Fail: ['[[', ']]'],
};

export function mermaid({ StartAt, States }: Definition): string {
  return [
    'flowchart TD',
    `Start((start)) --> ${StartAt}`,
    ...lines(States),
  ].join('\n  ');
}

function lines(States: Definition['States']): string[] {
  const entries = Object.entries(States);
  const nodes = entries.flatMap(([name, { Type, ItemProcessor }]) => {
    const [open, close] = SHAPES[Type] ?? ['[', ']'];
    return ItemProcessor
      ? [`subgraph ${name}`, ...iteration(name, ItemProcessor), 'end']
      : [`${name}${open}${name}${close}`];
  });
  const edges = entries.flatMap(([name, state]) => [
    ...(state.Choices ?? []).map(
      (choice) => `${name} -->|${label(choice)}| ${choice.Next}`,
    ),
    ...(state.Default ? [`${name} -->|else| ${state.Default}`] : []),
    ...(state.Next ? [`${name} --> ${state.Next}`] : []),
    ...(state.End ? [`${name} --> Succeeded((SUCCEEDED))`] : []),
  ]);
  return [...nodes, ...edges, ...catches(States)];
}

/** What a Map does for each of its items, with a begin and an end of its own. */
function iteration(map: string, { StartAt, States }: Definition): string[] {
  return [
    `${map}Item((item)) --> ${StartAt}`,
    ...lines(States).map((line) =>
      line.replace('Succeeded((SUCCEEDED))', `${map}Done((done))`),
    ),
  ].map((line) => `  ${line}`);
}

/** One edge stands for every Catch of any error that leads to the same state. */
function catches(States: Record<string, State>): string[] {
  const byTarget = new Map<string, string[]>();
  const edges: string[] = [];
  for (const [name, { Catch = [] }] of Object.entries(States)) {
    for (const { ErrorEquals, Next } of Catch) {
      if (ErrorEquals.includes('States.ALL')) {
        byTarget.set(Next, [...(byTarget.get(Next) ?? []), name]);
      } else {
        edges.push(`${name} -.->|${ErrorEquals.join('<br>')}| ${Next}`);
      }
    }
  }
  return [
    ...edges,
    ...[...byTarget].map(([target, sources]) =>
      sources.length === 1
        ? `${sources[0]} -.->|fails| ${target}`
        : `Error_${target}>any of these fails:<br>${sources.join('<br>')}] -.-> ${target}`,
    ),
  ];
}

function label(rule: Rule): string {
  if (rule.And) return rule.And.map(label).join(' and ');
  if (rule.Or) return rule.Or.map(label).join(' or ');
  if (rule.TimestampLessThanPath) {
    return `before ${rule.TimestampLessThanPath.split('.').at(-1)}`;
  }
  if (rule.IsPresent) return rule.Variable?.slice('$.'.length) ?? '';
  return rule.StringEquals ?? '';
}

/** The text with the diagram between its two marks replaced. */
export function withDiagram(text: string, definition: Definition): string {
  const [before, rest] = text.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`No ${BEGIN} in the text`);
  return `${before}${BEGIN}\n\n\`\`\`mermaid\n${mermaid(definition)}\n\`\`\`\n\n${END}${after}`;
}

/** Which state machine each document shows. */
export const DIAGRAMS = {
  'README.md': 'rotate-stream',
  'docs/fleet.md': 'rotate-fleet',
};

export async function readDefinition(
  name = DIAGRAMS['README.md'],
): Promise<Definition> {
  const path = `statemachines/${name}.asl.json`;
  return JSON.parse(await readFile(path, 'utf8')) as Definition;
}

if (import.meta.main) {
  for (const [path, name] of Object.entries(DIAGRAMS)) {
    const text = await readFile(path, 'utf8');
    await writeFile(path, withDiagram(text, await readDefinition(name)));
  }
}
