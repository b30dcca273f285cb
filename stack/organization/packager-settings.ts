import type { DeploymentSettings } from '../../shared/config/deployment-settings.ts';

/** The settings of the packager for roles and networks, as serverless.yml may have them. */
export interface PackagerSettings {
  iam?: { role?: string | Record<string, unknown> };
  vpc?: unknown;
}

const RIGHTS = 'add the rights to custom.rights of serverless.yml';
const DEPLOYMENT = 'under Deployment of rotations.yml';

/** Where this service has the settings of `provider.iam.role`. */
const INSTEAD: Record<string, string> = {
  managedPolicies: RIGHTS,
  name: `set RoleNamePrefix ${DEPLOYMENT}`,
  path: `set RolePath ${DEPLOYMENT}`,
  permissionsBoundary: `set PermissionsBoundary ${DEPLOYMENT}`,
  permissionBoundary: `set PermissionsBoundary ${DEPLOYMENT}`,
  statements: RIGHTS,
  tags: `set Tags ${DEPLOYMENT}`,
};

/** The same settings, as the packager still takes them elsewhere. */
const FORMERLY: Record<string, string> = {
  role: RIGHTS,
  rolePermissionsBoundary: `set PermissionsBoundary ${DEPLOYMENT}`,
  iamManagedPolicies: RIGHTS,
  iamRoleStatements: RIGHTS,
};

/**
 * Refuses settings of serverless.yml that would change nothing, or half of what they
 * say. The packager applies them to the one role that it makes for functions without a
 * role, and every function of this service has its own.
 *
 * @param params of the command line, each `name=value`
 * @throws {Error} naming the setting, and the one that has an effect
 */
export function checkPackagerSettings(
  provider: PackagerSettings,
  { Architecture }: Pick<DeploymentSettings, 'Architecture'> = {},
  params: readonly string[] = [],
): void {
  const param = params.find((one) => one.startsWith('architecture='));
  if (param && Architecture && param !== `architecture=${Architecture}`) {
    throw new Error(
      `--param ${param} contradicts Architecture ${Architecture} of rotations.yml; leave out one of the two`,
    );
  }
  const role = provider.iam?.role;
  const reason = 'has no effect, since each function has a role of its own';
  if (typeof role === 'string') {
    throw new Error(`serverless.yml: provider.iam.role ${reason}; ${RIGHTS}`);
  }
  const given: [string, string | undefined][] = [
    ...Object.keys(role ?? {}).map((name): [string, string | undefined] => [
      `provider.iam.role.${name}`,
      INSTEAD[name],
    ]),
    ...Object.entries(FORMERLY)
      .filter(([name]) => name in provider)
      .map(([name, instead]): [string, string] => [
        `provider.${name}`,
        instead,
      ]),
  ];
  const [first] = given;
  if (first !== undefined) {
    const [name, instead = RIGHTS] = first;
    throw new Error(`serverless.yml: ${name} ${reason}; ${instead}`);
  }
  if (provider.vpc !== undefined) {
    throw new Error(
      `serverless.yml: provider.vpc gives the roles no right to network interfaces; set Vpc ${DEPLOYMENT}`,
    );
  }
}
