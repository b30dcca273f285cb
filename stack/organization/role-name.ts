import { quote } from '../../shared/errors/text.ts';

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const MAX_NAME = 64;
/** The longest Region that CloudFormation can put in. */
const LONGEST_REGION = 'ap-southeast-1';
const REGION = '${AWS::Region}';

/**
 * The name of a role, which is unique in an account: IAM knows no Regions.
 *
 * @param id the logical ID of the role
 * @returns text for Fn::Sub
 * @throws {Error} where the name may be too long for IAM
 */
export function roleName(prefix: string, stage: string, id: string): string {
  const name = `${prefix}${stage}-${REGION}-${id.replace(/Role$/, '')}`;
  const longest = name.replace(REGION, LONGEST_REGION).length;
  if (longest <= MAX_NAME) return name;
  const most = prefix.length - (longest - MAX_NAME);
  throw new Error(
    `Deployment: RoleNamePrefix ${quote(prefix)} makes names of up to ${longest} characters, such as ${name.replace(REGION, LONGEST_REGION)}, and IAM takes ${MAX_NAME}; for stage ${stage} it may have ${Math.max(most, 0)} characters`,
  );
}
