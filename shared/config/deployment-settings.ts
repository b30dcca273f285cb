import * as v from 'valibot';
import { quote } from '../errors/text.ts';

const SWEEP_MINUTES = { least: 5, most: 60 };

/** @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html */
const TABLE_NAME = /^[a-zA-Z0-9_.-]{3,255}$/;

const SETTINGS = v.strictObject(
  {
    /** Whether the stage has a dashboard. */
    Dashboard: v.optional(
      v.boolean(
        ({ input }) => `Dashboard ${quote(input)} is not true or false`,
      ),
      true,
    ),
    /** Between two drift sweeps, which is also the period of the metric Drift. */
    SweepMinutes: v.optional(
      v.custom<number>(
        isSweepMinutes,
        ({ input }) =>
          `SweepMinutes ${quote(input)} is not a whole number from ${SWEEP_MINUTES.least} to ${SWEEP_MINUTES.most}`,
      ),
      5,
    ),
    /** An existing table, in the place of one that the stack makes. */
    LedgerTableName: v.optional(
      v.custom<string>(
        (value) => typeof value === 'string' && TABLE_NAME.test(value),
        ({ input }) =>
          `LedgerTableName ${quote(input)} is not the name of a table; expected 3 to 255 of a-z, A-Z, 0-9, _, . and -`,
      ),
    ),
  },
  ({ path }) =>
    `${quote(path?.[0]?.key)} is not a setting of a deployment; known are ${SETTING_NAMES.join(', ')}`,
);

/** Every setting of `Deployment`, as docs show them. */
export const SETTING_NAMES: readonly string[] = Object.keys(SETTINGS.entries);

/** How a stage is deployed, as `Deployment` of rotations.yml says. */
export type DeploymentSettings = v.InferOutput<typeof SETTINGS>;

/**
 * Checks `Deployment` of rotations.yml.
 *
 * @throws {Error} naming the setting and the value
 */
export function readDeploymentSettings(value: unknown): DeploymentSettings {
  const settings = v.safeParse(SETTINGS, value);
  if (settings.success) return settings.output;
  throw new Error(settings.issues[0].message);
}

function isSweepMinutes(value: unknown): boolean {
  return (
    Number.isInteger(value) &&
    Number(value) >= SWEEP_MINUTES.least &&
    Number(value) <= SWEEP_MINUTES.most
  );
}
