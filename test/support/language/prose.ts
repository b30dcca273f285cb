/** A line of prose, with where it stands. */
export interface Prose {
  line: number;
  text: string;
}

const FENCE = /^\s*(?:```|~~~)/;
/** Comments and texts; the rest of a source file is code. */
const TOKEN =
  /\/\/(?<line>[^\n]*)|\/\*(?<block>[\s\S]*?)\*\/|'(?<single>(?:\\.|[^'\\\n])*)'|"(?<double>(?:\\.|[^"\\\n])*)"|`(?<template>(?:\\.|[^`\\])*)`/g;

/** The comments and texts of a TypeScript file. */
export function proseOfSource(source: string): Prose[] {
  return [...source.matchAll(TOKEN)].flatMap(({ index, groups = {} }) => {
    const text = Object.values(groups).find((part) => part !== undefined);
    const first = source.slice(0, index).split('\n').length;
    return linesOf(text ?? '', first);
  });
}

/** A page without its code blocks, and without code in a line. */
export function proseOfMarkdown(page: string): Prose[] {
  let isCode = false;
  return linesOf(page, 1)
    .filter(({ text }) => {
      const isFence = FENCE.test(text);
      if (isFence) isCode = !isCode;
      return !isCode && !isFence;
    })
    .map(({ line, text }) => ({ line, text: text.replace(/`[^`]*`/g, '') }));
}

export function linesOf(text: string, first: number): Prose[] {
  return text.split('\n').map((part, at) => ({ line: first + at, text: part }));
}
