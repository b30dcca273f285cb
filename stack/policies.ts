export interface Statement {
  Sid: string;
  Action: string[];
  Resource: unknown[];
  Condition?: Record<string, Record<string, unknown>>;
}

interface PolicyDocument {
  Version: '2012-10-17';
  Statement: (Statement & { Effect: 'Allow' })[];
}

/** Characters of all inline policies of a role, and of a managed policy. */
const INLINE_SIZE = 10_240;
const MANAGED_SIZE = 6_144;
/** The default quota of managed policies of a role. */
const MANAGED_POLICIES = 10;
/** The longest that CloudFormation can put in, as aws-us-gov has it. */
const LONGEST: Record<string, string> = {
  'AWS::Partition': 'aws-us-gov',
  'AWS::Region': 'ap-southeast-1',
  'AWS::AccountId': '000000000000',
};
/** An ARN of a resource of this stack, whose name CloudFormation makes up. */
const LONGEST_ARN = 160;

/**
 * Puts statements into one inline policy, and what IAM does not let that hold
 * into managed ones; long lists are divided.
 *
 * @throws {Error} where no role can hold them
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export function packPolicies(statements: readonly Statement[]): {
  inline: PolicyDocument;
  managed: PolicyDocument[];
} {
  const documents: PolicyDocument[] = [document()];
  for (const statement of statements.flatMap(divideStatement)) {
    const room = documents.find(
      (one, at) =>
        policySize({
          ...one,
          Statement: [...one.Statement, allow(statement)],
        }) <= (at === 0 ? INLINE_SIZE : MANAGED_SIZE),
    );
    if (room) room.Statement.push(allow(statement));
    else documents.push({ ...document(), Statement: [allow(statement)] });
  }
  const [inline = document(), ...managed] = documents.map(unique);
  if (managed.length > MANAGED_POLICIES) {
    throw new Error(
      `Streams need ${managed.length} managed policies for one role, and IAM allows ${MANAGED_POLICIES}; divide them between two files, each with a stage of its own`,
    );
  }
  return { inline, managed };
}

const document = (): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: [],
});
export const allow = (statement: Statement) => ({
  ...statement,
  Effect: 'Allow' as const,
});

/** Sids are unique in a document. */
function unique(policy: PolicyDocument): PolicyDocument {
  const seen = new Map<string, number>();
  return {
    ...policy,
    Statement: policy.Statement.map((statement) => {
      const count = (seen.get(statement.Sid) ?? 0) + 1;
      seen.set(statement.Sid, count);
      const Sid = count === 1 ? statement.Sid : `${statement.Sid}And${count}`;
      return { ...statement, Sid };
    }),
  };
}

/** Into statements that a half-empty policy has room for. */
function divideStatement(statement: Statement): Statement[] {
  if (policySize(statement) <= MANAGED_SIZE / 2) return [statement];
  const { Resource, Condition } = statement;
  if (Resource.length > 1) {
    return halves(Resource).flatMap((half) =>
      divideStatement({ ...statement, Resource: half }),
    );
  }
  const long = Object.entries(Condition ?? {})
    .flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, values]) => ({ operator, key, values })),
    )
    .find(({ values }) => Array.isArray(values) && values.length > 1);
  if (long === undefined) return [statement];
  const { operator, key, values } = long;
  return halves(values as unknown[]).flatMap((half) =>
    divideStatement({
      ...statement,
      Condition: {
        ...Condition,
        [operator]: { ...Condition?.[operator], [key]: half },
      },
    }),
  );
}

function halves<T>(list: readonly T[]): [T[], T[]] {
  const middle = Math.ceil(list.length / 2);
  return [list.slice(0, middle), list.slice(middle)];
}

/** Characters as IAM counts them: without white space, intrinsics resolved. */
export function policySize(policy: unknown): number {
  const resolved = JSON.stringify(policy, (_, value) => {
    if (value?.['Fn::GetAtt'] || value?.Ref) return 'x'.repeat(LONGEST_ARN);
    const text = value?.['Fn::Sub'];
    return typeof text === 'string'
      ? text.replace(/\$\{([^}]+)\}/g, (_, name) => LONGEST[name] ?? name)
      : value;
  });
  return resolved.length;
}
