import { html } from 'hono/html';
import { visible } from '../../../shared/errors/text.ts';
import type { ReportModel } from '../report-model.ts';
import { code, type Markup } from './markup.ts';

/** Claimed and proved starters of rotations, and the command that proves one. */
export function startedBySection(model: ReportModel): Markup {
  return html`<section aria-labelledby="started-by">
<h2 id="started-by">Who started a rotation</h2>
<p>The trigger of a rotation, its caller and its ticket are <b>claimed by the request</b>. Every principal that may start an execution can write them, a schedule's name too, and nothing in this report proves them. The key that CloudTrail reported for an external start, and the caller, are not claims of a request.</p>
<p>CloudTrail's event of StartExecution has the principal that started an execution: in <code>userIdentity</code>, the role of a schedule or of a rule, or the role or user of a person. Its event history keeps 90 days. For a rotation of a fleet it has the fleet's role; look up the fleet's execution then. Put a RotationId of this report in place of ROTATION_ID:</p>
<p>${code(lookUpCommand(model))}</p>
</section>`;
}

function lookUpCommand({ region, from, to }: ReportModel): string {
  const iso = (at: number) => new Date(at).toISOString();
  return [
    `aws cloudtrail lookup-events --region ${visible(region)}`,
    '--lookup-attributes AttributeKey=EventName,AttributeValue=StartExecution',
    `--start-time ${iso(from)} --end-time ${iso(to)}`,
    `--query "Events[?contains(CloudTrailEvent, 'ROTATION_ID')].CloudTrailEvent"`,
    '--output text',
  ].join(' ');
}
