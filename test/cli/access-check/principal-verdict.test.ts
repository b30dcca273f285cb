import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KeyPolicyAnswer } from '../../../cli/access-check/key-policy.ts';
import {
  decidePrincipal,
  type Evidence,
  type IdentityAnswer,
} from '../../../cli/access-check/principal-verdict.ts';

const POLICY: KeyPolicyAnswer = {
  denies: false,
  allowsRole: false,
  letsIamDecide: true,
};
const IDENTITY: IdentityAnswer = { decision: 'allowed', missingContext: [] };

const decide = (
  policy: Partial<KeyPolicyAnswer> = {},
  identity: Partial<IdentityAnswer> = {},
  more: Partial<Evidence> = {},
) =>
  decidePrincipal({
    action: 'kms:Decrypt',
    keyPolicy: { value: { ...POLICY, ...policy } },
    identity: { value: { ...IDENTITY, ...identity } },
    grant: { value: false },
    isOwnAccount: true,
    ...more,
  });

const DENIED = { decision: 'implicitDeny' } as const;

describe('decidePrincipal', () => {
  it.each([
    ['its policies, where IAM decides', {}, {}],
    ['the key policy alone', { allowsRole: true }, DENIED],
  ])('is OK by %s', (_, policy, identity) => {
    expect(decide(policy, identity).Status).toBe('OK');
  });

  it('is OK by a grant alone', () => {
    const grant = { value: true };
    const verdict = decide({ letsIamDecide: false }, DENIED, { grant });
    expect(verdict).toEqual({
      Status: 'OK',
      Why: 'a grant of the new key allows kms:Decrypt on the new key',
    });
  });

  it.each([
    [{}, DENIED, /^its policies do not allow kms:Decrypt/],
    [{ letsIamDecide: false }, {}, /neither allows .* nor lets IAM decide$/],
    [{ denies: true, allowsRole: true }, {}, /^the new key's policy denies/],
    [{}, { decision: 'explicitDeny' }, /^its policies deny/],
    [{}, { allowedByOrganizations: false }, /^a service control policy/],
    [{}, { ...DENIED, allowedByBoundary: false }, /^its permissions boundary/],
  ] as const)('would lose it by %j and %j', (policy, identity, why) => {
    const { Status, Why } = decide(policy, identity);
    expect(Status).toBe('WOULD_LOSE');
    expect(Why).toMatch(why);
  });

  it('needs both policies in another account', () => {
    const more = { isOwnAccount: false };
    const key = { allowsRole: true, letsIamDecide: false };
    expect(decide(key, {}, more).Status).toBe('OK');
    expect(decide(key, DENIED, more).Status).toBe('WOULD_LOSE');
    expect(decide({ letsIamDecide: false }, {}, more).Status).toBe(
      'WOULD_LOSE',
    );
  });

  it('says what an answer needs', () => {
    const why = 'needs iam:SimulatePrincipalPolicy on arn';
    expect(decide({}, {}, { identity: { why } })).toEqual({
      Status: 'NOT_CHECKED',
      Why: why,
    });
  });

  it('does not believe a denial that a missing condition key may lift', () => {
    const missingContext = ['aws:SourceVpce'];
    for (const decision of ['implicitDeny', 'explicitDeny'] as const) {
      expect(decide({}, { decision, missingContext })).toEqual({
        Status: 'NOT_CHECKED',
        Why: 'its policies depend on aws:SourceVpce',
      });
    }
  });
});

const truth = fc.constantFrom(true, false, undefined);
const anyPolicy = fc.record({
  denies: truth,
  allowsRole: truth,
  letsIamDecide: truth,
});
const anyIdentity = fc.record({
  decision: fc.constantFrom(
    'allowed' as const,
    'implicitDeny' as const,
    'explicitDeny' as const,
  ),
  allowedByOrganizations: truth,
  allowedByBoundary: truth,
  missingContext: fc.constant<string[]>([]),
});
const unanswered = fc.constant({ why: 'needs a right' });
const answer = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof(
    value.map((known) => ({ value: known })),
    unanswered,
  );

/** Everything that an unknown part may turn out to be. */
function possible(evidence: Evidence): Evidence[] {
  const { keyPolicy, identity, grant } = evidence;
  const both = (known: boolean | undefined) =>
    known === undefined ? [true, false] : [known];
  const policy =
    'value' in keyPolicy
      ? keyPolicy.value
      : { denies: undefined, allowsRole: undefined, letsIamDecide: undefined };
  const policies = both(policy.denies).flatMap((denies) =>
    both(policy.allowsRole).flatMap((allowsRole) =>
      both(policy.letsIamDecide).map((letsIamDecide) => ({
        denies,
        allowsRole,
        letsIamDecide,
      })),
    ),
  );
  const identities =
    'value' in identity
      ? [identity.value]
      : (['allowed', 'implicitDeny', 'explicitDeny'] as const).map(
          (decision) => ({ decision, missingContext: [] }),
        );
  const grants = 'value' in grant ? [grant.value] : [true, false];
  return policies.flatMap((one) =>
    identities.flatMap((two) =>
      grants.map((three) => ({
        ...evidence,
        keyPolicy: { value: one },
        identity: { value: two },
        grant: { value: three },
      })),
    ),
  );
}

it('says OK and WOULD_LOSE only where nothing unknown can change it', () => {
  const decided = fc.property(
    fc.record({
      action: fc.constant('kms:Decrypt'),
      keyPolicy: answer(anyPolicy),
      identity: answer(anyIdentity),
      grant: answer(fc.boolean()),
      isOwnAccount: fc.boolean(),
    }),
    (evidence) => {
      const { Status } = decidePrincipal(evidence);
      if (Status === 'NOT_CHECKED') return;
      for (const each of possible(evidence)) {
        expect(decidePrincipal(each).Status).toBe(Status);
      }
    },
  );
  fc.assert(decided, { numRuns: 2000 });
});
