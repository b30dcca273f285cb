import { html } from 'hono/html';

/** HTML that is safe to put into HTML as it is. */
export type Markup = ReturnType<typeof html>;

/** What a cell holds: text is escaped. */
export type Cell = Markup | string | number;

interface Column {
  Head: string;
  /** Right-aligned figures. */
  IsNumber?: boolean;
}

export interface TableParts {
  Caption: Cell;
  /** Whether only those see the caption who do not see the table. */
  IsCaptionHidden?: boolean;
  /** A class of the style sheets in styles/. */
  Class: string;
  Columns: readonly Column[];
  /** The first cell of each names the row. */
  Rows: readonly (readonly Cell[])[];
  /** The last row, of sums. */
  Total?: readonly Cell[];
}

/**
 * A table, which the style turns into cards on a phone. Its roles are said
 * aloud, since `display: block` takes them away.
 */
export function table(parts: TableParts): Markup {
  const { Caption, IsCaptionHidden, Class, Columns, Rows, Total } = parts;
  const look = (at: number) =>
    Columns[at]?.IsNumber ? html` class="number"` : '';
  const row = (cells: readonly Cell[]): Markup =>
    html`<tr role="row">${cells.map((cell, at) =>
      at === 0
        ? html`<th role="rowheader" scope="row"${look(at)}>${cell}</th>`
        : html`<td role="cell"${look(at)} data-head="${Columns[at]?.Head ?? ''}">${cell}</td>`,
    )}</tr>`;
  return html`<table role="table" class="${Class}">
<caption${IsCaptionHidden ? html` class="hidden"` : ''}>${Caption}</caption>
<thead role="rowgroup"><tr role="row">${Columns.map(
    ({ Head }, at) =>
      html`<th role="columnheader" scope="col"${look(at)}>${Head}</th>`,
  )}</tr></thead>
<tbody role="rowgroup">${Rows.map(row)}</tbody>
${Total ? html`<tfoot role="rowgroup">${row(Total)}</tfoot>` : ''}</table>`;
}
