import { describe, expect, it } from 'vitest';
import { roleName } from '../../../stack/organization/role-name.ts';

const ROLE = 'RecordExternalStartRole';

describe('roleName', () => {
  it('tells stages, Regions and functions apart', () => {
    expect(roleName('acme-', 'prod', ROLE)).toBe(
      'acme-prod-${AWS::Region}-RecordExternalStart',
    );
  });

  it('takes as much as IAM does, in the longest Region', () => {
    const longest = roleName('p'.repeat(24), 'prod', ROLE);
    expect(longest.replace('${AWS::Region}', 'ap-southeast-1')).toHaveLength(
      63,
    );
    expect(() => roleName('p'.repeat(25), 'prod', ROLE)).not.toThrow();
  });

  it('says how long a prefix may be', () => {
    expect(() => roleName('p'.repeat(26), 'prod', ROLE)).toThrow(
      `Deployment: RoleNamePrefix "${'p'.repeat(26)}" makes names of up to 65 characters, such as ${'p'.repeat(26)}prod-ap-southeast-1-RecordExternalStart, and IAM takes 64; for stage prod it may have 25 characters`,
    );
  });
});
