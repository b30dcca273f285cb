import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  linesOf,
  type Prose,
  proseOfMarkdown,
  proseOfSource,
} from './support/language/prose.ts';
import { WORD_LIST } from './support/language/word-list.ts';

const FILES = execFileSync('git', ['ls-files'], { encoding: 'utf8' })
  .split('\n')
  .filter((path) => path !== 'test/support/language/word-list.ts');

const READERS: [string, RegExp, (text: string) => Prose[]][] = [
  ['sources', /^(?!test\/).*\.ts$/, proseOfSource],
  ['pages', /\.md$/, proseOfMarkdown],
  ['templates', /\.(?:ya?ml|asl\.json)$/, (text) => linesOf(text, 1)],
];

describe('the language of', () => {
  it.each(READERS)('%s keeps to the word list', (_name, files, read) => {
    const findings = FILES.filter((path) => files.test(path)).flatMap((path) =>
      read(readFileSync(path, 'utf8')).flatMap(({ line, text }) =>
        WORD_LIST.filter(([pattern]) => pattern.test(text)).map(
          ([pattern, write]) =>
            `${path}:${line}: "${pattern.exec(text)?.[0]}"; write ${write}`,
        ),
      ),
    );
    expect(findings).toEqual([]);
  });
});

describe('the word list', () => {
  it('finds wording in comments and texts, and not in code', () => {
    const source = "/** Nobody. */\nconst nobody = 'somebody';\n";
    const found = proseOfSource(source).filter(({ text }) =>
      WORD_LIST.some(([pattern]) => pattern.test(text)),
    );
    expect(found.map(({ line }) => line)).toEqual([1, 2]);
    expect(found[1]?.text).toBe('somebody');
  });

  it('passes over code in pages', () => {
    const page = 'Nobody `nobody`\n```\nnobody\n```\n';
    expect(proseOfMarkdown(page)).toEqual([
      { line: 1, text: 'Nobody ' },
      { line: 5, text: '' },
    ]);
  });
});
