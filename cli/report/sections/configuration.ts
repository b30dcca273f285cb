import { html } from 'hono/html';
import { visible } from '../../../shared/errors/text.ts';
import type { ReportModel } from '../report-model.ts';
import { utc } from '../time-text.ts';
import { type Cell, code, small } from './markup.ts';

/** The hashes of the configuration, as facts of the header. */
export function configurationFacts({
  configuration: { rotations, template },
}: ReportModel): [name: string, value: Cell][] {
  return [
    ['rotations.yml', rotationsFact(rotations)],
    ['Deployed template', templateFact(template)],
  ];
}

function rotationsFact(
  rotations: ReportModel['configuration']['rotations'],
): Cell {
  if (rotations.status === 'UNKNOWN') {
    return html`<em>unknown</em>${small(visible(rotations.reason))}`;
  }
  const where =
    rotations.status === 'READ' ? code(rotations.path) : 'as deployed';
  return html`${where}${small(html`SHA-256 ${code(rotations.sha256)}`)}`;
}

function templateFact(
  template: ReportModel['configuration']['template'],
): Cell {
  if (template.status === 'NOT_DEPLOYED') {
    return 'there is no deployment: this is the embedded AWS';
  }
  if (template.status === 'UNKNOWN') {
    return html`<em>unknown</em>${small(visible(template.reason))}`;
  }
  const { stackId, updatedAt, sha256 } = template;
  return html`${code(stackId)}${small(html`deployed ${visible(utc(updatedAt))}, SHA-256 ${code(sha256)}`)}`;
}
