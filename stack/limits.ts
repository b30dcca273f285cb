import type { Template } from './template.ts';

/** @see https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
export const MAX_RESOURCES = 500;
const MAX_BYTES = 1_048_576;
/** @see https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Target.html */
const MAX_SCHEDULE_INPUT = 262_144;

/**
 * Rules on an event bus by default, and where it has fewer.
 *
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
 */
const MAX_RULES = 300;
const MAX_RULES_IN = new Map([
  ['af-south-1', 100],
  ['eu-south-1', 100],
]);

/**
 * Refuses a template that CloudFormation would refuse for its size.
 *
 * @returns what of the limits is used, for people
 * @throws {Error} saying how many streams fit
 */
export function checkLimits(
  template: Template,
  streams: number,
  region = '',
): string {
  const resources = Object.values(template.Resources);
  const rules = resources.filter(({ Type }) => Type === RULE).length;
  const advice =
    'divide them between two files, each with a stage of its own: npx kinesis-key-rotation package --stage prod-b --rotations rotations.b.yml';
  if (resources.length > MAX_RESOURCES) {
    const each = resources.filter(({ Type }) => BY_STREAM.includes(Type));
    const fixed = resources.length - each.length;
    const fit = Math.floor((MAX_RESOURCES - fixed) / (each.length / streams));
    throw new Error(
      `Streams: ${streams} streams make ${resources.length} resources, and a CloudFormation template has at most ${MAX_RESOURCES}; about ${fit} streams fit, ${advice}`,
    );
  }
  const { Target } = (template.Resources.SweepSchedule?.Properties ?? {}) as {
    Target?: { Input: string };
  };
  const input = Target?.Input.length ?? 0;
  if (input > MAX_SCHEDULE_INPUT) {
    throw new Error(
      `Streams: ${streams} streams make a sweep of ${input} characters, and Scheduler takes at most ${MAX_SCHEDULE_INPUT}; ${advice}`,
    );
  }
  const bytes = Buffer.byteLength(JSON.stringify(template));
  if (bytes > MAX_BYTES) {
    throw new Error(
      `Streams: ${streams} streams make a CloudFormation template of ${bytes} bytes, and it has at most ${MAX_BYTES}; ${advice}`,
    );
  }
  const most = MAX_RULES_IN.get(region) ?? MAX_RULES;
  return `${resources.length} of ${MAX_RESOURCES} resources of a stack, and ${rules} of the ${most} rules that an event bus takes by default`;
}

const RULE = 'AWS::Events::Rule';

const BY_STREAM = ['AWS::Scheduler::Schedule', RULE, 'AWS::CloudWatch::Alarm'];
