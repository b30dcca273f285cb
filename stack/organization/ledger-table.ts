import type { DeploymentSettings } from '../../shared/config/deployment-settings.ts';
import { arnOf, ownArn, type Resources, ref, sub } from '../template.ts';

/** The table of a stage that has one of its own. */
const OWN = 'LedgerTable';

type Ledger = Pick<DeploymentSettings, 'LedgerTableName'>;

/** The part of the packager's service that may refer to the table. */
interface Service {
  resources: { Resources: Resources };
  provider: { environment?: Record<string, unknown> };
}

/** The ARN of the ledger, for a policy. */
export function ledgerArn({ LedgerTableName }: Ledger): object | string {
  return LedgerTableName === undefined
    ? arnOf(OWN)
    : sub(ownArn('dynamodb', `table/${LedgerTableName}`));
}

/**
 * Gives a stage the existing table that `LedgerTableName` names, in the place of a
 * table of its own. The packager hashes the environment of a function into the logical
 * ID of its version, so this comes before it compiles the functions: a version keeps
 * the table that it was published with.
 *
 * @throws {Error} where something else of the stage needs the table's resource
 */
export function attachLedgerTable(service: Service, settings: Ledger): void {
  const { LedgerTableName } = settings;
  if (LedgerTableName === undefined) return;
  const { resources, provider } = service;
  delete resources.Resources[OWN];
  const replaced = JSON.stringify(
    { resources, environment: provider.environment },
    (_, value) => {
      if (isSame(value, ref(OWN))) return LedgerTableName;
      return isSame(value, arnOf(OWN)) ? ledgerArn(settings) : value;
    },
  );
  if (LEFT_OVER.test(replaced)) {
    throw new Error(
      `serverless.yml refers to ${OWN} other than by !Ref and its Arn; extend stack/organization/ledger-table.ts`,
    );
  }
  const { resources: attached, environment } = JSON.parse(replaced);
  Object.assign(resources, attached);
  Object.assign(provider, { environment });
}

const LEFT_OVER = new RegExp(`"${OWN}[".]|\\$\\{${OWN}[}.]`);

const isSame = (one: unknown, other: object) =>
  JSON.stringify(one) === JSON.stringify(other);
