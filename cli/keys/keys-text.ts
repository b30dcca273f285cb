import { effectOf, type KeyRisk } from '../../shared/guard/needed-key.ts';
import { parseArn } from '../../shared/identifiers/arn.ts';
import { commandLine } from '../executions/command-lines.ts';
import { bad, good } from '../output/color.ts';
import { localTime } from '../output/local-time.ts';
import { rowTable } from '../output/table.ts';
import type { JudgedKey, KeysAnswer } from './judge-keys.ts';
import type { KeyState, LastUsage } from './key-state.ts';
import type { KeyUse } from './key-uses.ts';
import { NOT_COVERED } from './keys-document.ts';
import { type AwsFlags, keptReason, retirementSteps } from './retirement.ts';

/** Each key with its streams, and what the answer covers. */
export function keysText(answer: KeysAnswer, where: AwsFlags): string {
  const { keys } = answer;
  const shown = keys.map((key) => keyText(key, where));
  return [
    ...(keys.length === 0 ? ['No stream is or was under a key'] : shown),
    coverageText(answer),
  ].join('\n\n');
}

function keyText(key: JudgedKey, where: AwsFlags): string {
  const { KeyArn, uses, state, risk } = key;
  return [
    headText(key, where),
    ...verdictLines(key),
    ...(risk ? riskLines(risk, where) : []),
    ...stateLines(state).flatMap((line) => wrap(line)),
    indented(usesTable(uses, KeyArn)),
  ].join('\n');
}

function riskLines(risk: KeyRisk, { profile }: AwsFlags): string[] {
  const flags = commandLine([], { profile });
  return [
    ...wrap(bad(`At risk: it ${effectOf(risk)}`)),
    ...risk.Remedy.map((command) => `    ${command} ${flags}`.trimEnd()),
  ];
}

function headText({ keyIds, KeyArn }: JudgedKey, { region }: AwsFlags): string {
  const names = keyIds.filter((keyId) => keyId !== KeyArn).join(', ');
  const arn = KeyArn && parseArn(KeyArn);
  const key = arn && arn.region === region ? arn.resource : KeyArn;
  return [names, names && key ? `(${key})` : key].filter(Boolean).join(' ');
}

function verdictLines({ verdict, neededUntil, unknown }: JudgedKey): string[] {
  const until = neededUntil === undefined ? '' : localTime(neededUntil);
  const reasons = unknown.flatMap((reason) => wrap(`- ${reason}`, '    '));
  switch (verdict) {
    case 'IN_USE':
      return wrap('In use: a stream is, or may be, under it');
    case 'NEEDED':
      return [
        ...wrap(
          `Needed until ${until}${unknown.length > 0 ? ', or longer:' : ''}`,
        ),
        ...reasons,
      ];
    case 'NOT_KNOWN':
      return [...wrap(bad('Not known whether records need it:')), ...reasons];
    default:
      return wrap(good(`No record of these streams needs it since ${until}`));
  }
}

/** Lines that fit a terminal of 100 characters. */
function wrap(text: string, indent = '  '): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(' ')) {
    const isFull = line.length + word.length > INNER_WIDTH;
    if (isFull && line.trim() !== '') {
      lines.push(line.trimEnd());
      line = `${indent}  `;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()];
}

function stateLines({ metadata, refusal, lastUsage }: KeyState): string[] {
  if (metadata === undefined) return [`KMS did not describe it: ${refusal}`];
  const { KeyState, DeletionDate, ValidTo, KeyManager } = metadata;
  const facts = [
    KeyState === 'Enabled' ? KeyState : bad(String(KeyState)),
    ...(DeletionDate
      ? [`deleted at ${localTime(DeletionDate.getTime())}`]
      : []),
    ...(ValidTo ? [`material expires at ${localTime(ValidTo.getTime())}`] : []),
    ...(KeyManager === 'AWS' ? ['managed by AWS'] : []),
  ];
  return [facts.join(', '), lastUsageText(lastUsage)];
}

/** The last use of a key, in a sentence. */
function lastUsageText(usage: LastUsage): string {
  switch (usage.status) {
    case 'USED':
      return `Last used ${localTime(usage.at)} for ${usage.operation}`;
    case 'NOT_SINCE':
      return `Not used since ${localTime(usage.since)}${usage.isWholeLife ? ', when it was created' : ', when KMS began to record it'}`;
    default:
      return `Last use not known: ${usage.reason}`;
  }
}

function usesTable(uses: readonly KeyUse[], arn: string | undefined): string {
  return rowTable(
    ['Stream', 'From', 'Left', 'Needed until'],
    uses.map((use) => [
      use.StreamName + presumption(use, arn),
      `${localTime(use.From)}${use.IsSeen ? ' or before' : ''}`,
      use.LeftAt === undefined ? 'not left' : localTime(use.LeftAt),
      use.until === undefined ? 'in use' : localTime(use.until),
    ]),
    INNER_WIDTH,
  );
}

/** Fits a terminal of 100 characters with the indent. */
const INNER_WIDTH = 96;

/** Whether the key is only one that the alias may have pointed to. */
function presumption(
  { KeyArn, IsPresumed }: KeyUse,
  arn: string | undefined,
): string {
  const isKnown = KeyArn === arn && !IsPresumed;
  return isKnown || arn === undefined ? '' : ' (presumed)';
}

function coverageText({ streams, notManaged, keys }: KeysAnswer): string {
  const verdicts = keys.filter(({ verdict }) => verdict === 'NOT_NEEDED');
  const unlisted =
    notManaged.length === 0
      ? ''
      : `; ${notManaged.length} of them are not in rotations.yml, and of those without a ledger entry only the present key is known`;
  return [
    ...wrap(
      `${keys.length === 1 ? '1 key' : `${keys.length} keys`}, ${verdicts.length} that no record needs; ${streams === 1 ? '1 stream' : `${streams} streams`} of the account and Region looked at${unlisted}`,
      '',
    ),
    'Not looked at:',
    ...NOT_COVERED.flatMap((line) => wrap(`- ${line}`, '')),
  ].join('\n');
}

/** The keys that may go, with the steps, and why the others stay. */
export function retirementText(answer: KeysAnswer, where: AwsFlags): string {
  const kept = answer.keys.flatMap((key) => {
    const reason = keptReason(key, answer);
    return reason === undefined
      ? []
      : wrap(`${headText(key, where)}: ${reason}`);
  });
  const offered = answer.keys.filter(
    (key) => keptReason(key, answer) === undefined,
  );
  return [
    ...(offered.length === 0
      ? ['No key may be retired now']
      : [
          'No record of these streams needs the keys below. Not looked at, so that they may be needed:',
          ...NOT_COVERED.flatMap((line) => wrap(`- ${line}`, '')),
          ...offered.map((key) => offerText(key, answer.at, where)),
        ]),
    ...(kept.length === 0 ? [] : ['', 'Not to be retired:', ...kept]),
  ].join('\n');
}

function offerText(key: JudgedKey, now: number, where: AwsFlags): string {
  const { KeyArn = '', state } = key;
  const isEnabled = state.metadata?.KeyState === 'Enabled';
  const steps = retirementSteps(KeyArn, isEnabled, where, now);
  return [
    '',
    headText(key, where),
    ...verdictLines(key),
    ...stateLines(state).flatMap((line) => wrap(line)),
    ...steps.flatMap(({ purpose, command, back }, at) => [
      `  ${at + 1}. ${purpose}:`,
      `     ${command}`,
      ...(back === undefined ? [] : [`     back: ${back}`]),
    ]),
  ].join('\n');
}

function indented(text: string): string {
  return text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}
