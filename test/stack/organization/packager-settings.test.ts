import { describe, expect, it } from 'vitest';
import {
  checkPackagerSettings,
  type PackagerSettings,
} from '../../../stack/organization/packager-settings.ts';

describe('checkPackagerSettings', () => {
  it.each<[string, object, string]>([
    [
      'provider.iam.role.permissionsBoundary',
      { iam: { role: { permissionsBoundary: 'arn' } } },
      'set PermissionsBoundary under Deployment of rotations.yml',
    ],
    [
      'provider.iam.role.permissionBoundary',
      { iam: { role: { permissionBoundary: 'arn' } } },
      'set PermissionsBoundary under Deployment of rotations.yml',
    ],
    [
      'provider.iam.role.path',
      { iam: { role: { path: '/a/' } } },
      'set RolePath under Deployment of rotations.yml',
    ],
    [
      'provider.iam.role.name',
      { iam: { role: { name: 'a' } } },
      'set RoleNamePrefix under Deployment of rotations.yml',
    ],
    [
      'provider.iam.role.tags',
      { iam: { role: { tags: {} } } },
      'set Tags under Deployment of rotations.yml',
    ],
    [
      'provider.iam.role.statements',
      { iam: { role: { statements: [] } } },
      'add the rights to custom.rights of serverless.yml',
    ],
    [
      'provider.iam.role.managedPolicies',
      { iam: { role: { managedPolicies: [] } } },
      'add the rights to custom.rights of serverless.yml',
    ],
    [
      'provider.iam.role',
      { iam: { role: 'arn:aws:iam::111122223333:role/a' } },
      'add the rights to custom.rights of serverless.yml',
    ],
    [
      'provider.rolePermissionsBoundary',
      { rolePermissionsBoundary: 'arn' },
      'set PermissionsBoundary under Deployment of rotations.yml',
    ],
    [
      'provider.iamRoleStatements',
      { iamRoleStatements: [] },
      'add the rights to custom.rights of serverless.yml',
    ],
  ])('refuses %s, and names what has an effect', (name, provider, instead) => {
    expect(() => checkPackagerSettings(provider)).toThrow(
      `serverless.yml: ${name} has no effect, since each function has a role of its own; ${instead}`,
    );
  });

  it('refuses a VPC whose roles lack their rights', () => {
    expect(() => checkPackagerSettings({ vpc: {} })).toThrow(
      'serverless.yml: provider.vpc gives the roles no right to network interfaces; set Vpc under Deployment',
    );
  });

  it('leaves the role of CloudFormation to the packager', () => {
    const provider: PackagerSettings & { iam: object } = {
      iam: { deploymentRole: 'arn:aws:iam::111122223333:role/cfn' } as object,
    };
    expect(() => checkPackagerSettings(provider)).not.toThrow();
  });

  it('refuses two architectures', () => {
    const arm = { Architecture: 'arm64' } as const;
    const check = (params: string[]) => () =>
      checkPackagerSettings({}, arm, params);
    expect(check(['architecture=x86_64'])).toThrow(
      '--param architecture=x86_64 contradicts Architecture arm64 of rotations.yml; leave out one of the two',
    );
    expect(check(['architecture=arm64', 'runbook=a'])).not.toThrow();
    expect(check([])).not.toThrow();
  });
});
