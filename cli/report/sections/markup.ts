import { html } from 'hono/html';
import { visible } from '../../../shared/errors/text.ts';

/** Escaped HTML. */
export type Markup = ReturnType<typeof html>;

/** The content of a cell; text is escaped. */
export type Cell = Markup | string | number;

/** A name, an ARN or an id, apart from the words around it. */
export function code(value: string): Markup {
  return html`<code>${visible(value)}</code>`;
}

/** A line of details below the content of a cell. */
export function small(content: Cell): Markup {
  return html`<br><span class="small">${content}</span>`;
}

/** A key as it was submitted; null: not encrypted; undefined: unknown. */
export function keyName(keyId: string | null | undefined): Markup {
  if (keyId === undefined) return html`<em>unknown</em>`;
  return keyId === null ? html`<em>not encrypted</em>` : code(keyId);
}

type Tone = 'good' | 'warn' | 'bad' | 'plain';

/** A state in words, with its tone. */
export type State = readonly [words: string, tone: Tone];

const SIGNS: Record<Tone, string> = {
  good: '✓',
  warn: '▲',
  bad: '✕',
  plain: '–',
};

/** A state in words, with a sign and a color. */
export function state([words, tone]: State): Markup {
  return html`<span class="state ${tone}"><span aria-hidden="true">${SIGNS[tone]}</span> ${words}</span>`;
}

/** Content that a phone folds under a summary; wide screens and paper show it. */
export function fold(summary: string, content: Cell): Markup {
  return html`<details class="fold"><summary>${summary}</summary>${content}</details>`;
}

export interface TableRow {
  /** The first names the row. */
  cells: readonly Cell[];
  /** A line below the cells, as wide as the table. */
  below?: Cell;
  className?: string;
}

export interface TableParts {
  caption: Cell;
  /** A class of the style sheets in styles/. */
  className: string;
  columns: readonly string[];
  /** The columns of figures, which are right-aligned. */
  numbers?: readonly string[];
  rows: readonly (TableRow | readonly Cell[])[];
  /** The last row, of sums. */
  total?: readonly Cell[];
}

/**
 * A table, which the style turns into cards on a phone. It states its roles,
 * since `display: block` removes them.
 */
export function table(parts: TableParts): Markup {
  const { caption, className, columns, numbers = [], rows, total } = parts;
  const look = (column: string | undefined) =>
    column && numbers.includes(column) ? html` class="number"` : '';
  const line = (cells: readonly Cell[], classes: readonly string[]): Markup =>
    html`<tr role="row"${classOf(classes)}>${cells.map((cell, at) => {
      const column = columns[at];
      return at === 0
        ? html`<th role="rowheader" scope="row"${look(column)}>${cell}</th>`
        : html`<td role="cell"${look(column)} data-head="${column}">${cell}</td>`;
    })}</tr>`;
  const row = (one: TableRow | readonly Cell[]): Markup | Markup[] => {
    if (!('cells' in one)) return line(one, []);
    const { cells, below, className: own } = one;
    const classes = own === undefined ? [] : [own];
    if (below === undefined) return line(cells, classes);
    return [
      line(cells, [...classes, 'above']),
      html`<tr role="row"${classOf([...classes, 'below'])}><td role="cell" colspan="${columns.length}">${below}</td></tr>`,
    ];
  };
  return html`<table role="table" class="${className}">
<caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${columns.map(
    (column) =>
      html`<th role="columnheader" scope="col"${look(column)}>${column}</th>`,
  )}</tr></thead>
<tbody role="rowgroup">${rows.map(row)}</tbody>
${total ? html`<tfoot role="rowgroup">${line(total, [])}</tfoot>` : ''}</table>`;
}

const classOf = (classes: readonly string[]): Cell =>
  classes.length === 0 ? '' : html` class="${classes.join(' ')}"`;
