/**
 * Draws the deployed state machines as Mermaid, and writes them into README.md,
 * docs/state-machine.md and docs/fleet.md: `npm run diagram`.
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

/** The way of a rotation that goes well. */
const GOOD_WAY: readonly [from: string, to: string][] = [
  ['PlanRotation', 'IsRotationNeeded'],
  ['IsRotationNeeded', 'ReserveQuota'],
  ['ReserveQuota', 'StartEncryption'],
  ['StartEncryption', 'DescribeStream'],
  ['DescribeStream', 'WaitForUpdate'],
  ['WaitForUpdate', 'DescribeStream'],
  ['DescribeStream', 'WaitForPropagation'],
  ['WaitForPropagation', 'VerifyEncryption'],
  ['VerifyEncryption', 'CompleteRotation'],
  ['IsRotationNeeded', 'VerifyEncryption'],
];

const SHAPES: Record<string, [string, string]> = {
  Task: ['[', ']'],
  Choice: ['{', '}'],
  Wait: ['([', '])'],
  Pass: ['[/', '/]'],
  Succeed: ['((', '))'],
  Fail: ['[[', ']]'],
};

/**
 * Draws the states of a rotation that goes well, without the Choice states
 * between them.
 *
 * @throws when the state machine has no such way
 */
export function goodWay({ States }: Definition): string {
  const names = [...new Set(GOOD_WAY.flat())];
  const edges = GOOD_WAY.map(([from, to]) => {
    const words = findWay(States, from, to);
    if (words === undefined) throw new Error(`No way from ${from} to ${to}`);
    return words === '' ? `${from} --> ${to}` : `${from} -->|${words}| ${to}`;
  });
  const nodes = names.map((name) => node(name, States[name]?.Type));
  return ['flowchart TD', ...nodes, ...edges].join('\n  ');
}

/** The label of the way between two states through Choice states, if any. */
function findWay(
  States: Definition['States'],
  from: string,
  to: string,
): string | undefined {
  const { Choices = [], Default, Next } = States[from] ?? { Type: '' };
  const ways = [
    ...Choices.map((choice): [string, string] => [label(choice), choice.Next]),
    ...[Default, Next].flatMap((next): [string, string][] =>
      next === undefined ? [] : [['', next]],
    ),
  ];
  const direct = ways.find(([, next]) => next === to);
  if (direct) return direct[0];
  for (const [, next] of ways) {
    if (States[next]?.Type !== 'Choice') continue;
    const words = findWay(States, next, to);
    if (words !== undefined) return words;
  }
  return undefined;
}

function node(name: string, type = 'Task'): string {
  const [open, close] = SHAPES[type] ?? ['[', ']'];
  return `${name}${open}${name}${close}`;
}

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
    return ItemProcessor
      ? [`subgraph ${name}`, ...iteration(name, ItemProcessor), 'end']
      : [node(name, Type)];
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

/** The states that a Map runs for each item. */
function iteration(map: string, { StartAt, States }: Definition): string[] {
  return [
    `${map}Item((item)) --> ${StartAt}`,
    ...lines(States).map((line) =>
      line.replace('Succeeded((SUCCEEDED))', `${map}Done((done))`),
    ),
  ].map((line) => `  ${line}`);
}

/** Draws one edge for all Catches of any error that lead to the same state. */
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
  if (rule.IsPresent) return String(rule.Variable).slice('$.'.length);
  return String(rule.StringEquals);
}

/** Replaces the diagram between the two marks of a page. */
export function withDiagram(page: string, diagram: string): string {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`No ${BEGIN} in the page`);
  return `${before}${BEGIN}\n\n\`\`\`mermaid\n${diagram}\n\`\`\`\n\n${END}${after}`;
}

type Draw = (definition: Definition) => string;

/** Each page with the state machine that it shows, and how. */
export const DIAGRAMS: Record<string, [machine: string, draw: Draw]> = {
  'README.md': ['rotate-stream', goodWay],
  'docs/state-machine.md': ['rotate-stream', mermaid],
  'docs/fleet.md': ['rotate-fleet', mermaid],
};

export async function readDefinition(machine: string): Promise<Definition> {
  const path = `statemachines/${machine}.asl.json`;
  return JSON.parse(await readFile(path, 'utf8')) as Definition;
}

if (import.meta.main) {
  for (const [path, [machine, draw]] of Object.entries(DIAGRAMS)) {
    const page = await readFile(path, 'utf8');
    const diagram = draw(await readDefinition(machine));
    await writeFile(path, withDiagram(page, diagram));
  }
}
