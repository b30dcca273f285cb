import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  attachLedgerTable,
  ledgerArn,
} from '../../../stack/organization/ledger-table.ts';
import { policySize } from '../../../stack/policies.ts';
import { roles } from '../../../stack/roles.ts';
import type { Resources } from '../../../stack/template.ts';
import { functionRights } from '../../support/iam/role-policies.ts';

/** serverless.yml as the packager reads it, as far as it may refer to the ledger. */
interface Service {
  provider: { environment: Record<string, unknown> };
  resources: { Resources: Resources; Outputs: Record<string, object> };
}

function readService(): Service {
  const customTags = [
    { tag: '!Ref', resolve: (id: string) => ({ Ref: id }) },
    { tag: '!Sub', resolve: (text: string) => ({ 'Fn::Sub': text }) },
    {
      tag: '!GetAtt',
      resolve: (text: string) => ({ 'Fn::GetAtt': text.split('.') }),
    },
  ];
  return parse(readFileSync('serverless.yml', 'utf8'), { customTags });
}

const LedgerTableName = 'kinesis-key-rotation-prod-LedgerTable-1A2B';
const ARN = {
  'Fn::Sub': `arn:\${AWS::Partition}:dynamodb:\${AWS::Region}:\${AWS::AccountId}:table/${LedgerTableName}`,
};

describe('attachLedgerTable', () => {
  it('leaves the resource out, and names the table wherever it was', () => {
    const service = readService();
    service.resources.Resources.Archive = {
      Type: 'AWS::Test',
      Properties: { Source: { 'Fn::GetAtt': ['LedgerTable', 'Arn'] } },
    };
    const others = Object.keys(service.resources.Resources).filter(
      (id) => id !== 'LedgerTable',
    );
    attachLedgerTable(service, { LedgerTableName });
    const { resources, provider } = service;
    expect(Object.keys(resources.Resources)).toEqual(others);
    expect(provider.environment.LEDGER_TABLE_NAME).toBe(LedgerTableName);
    expect(resources.Outputs.LedgerTableName).toEqual({
      Value: LedgerTableName,
    });
    expect(resources.Resources.Archive?.Properties.Source).toEqual(ARN);
  });

  it('changes nothing of a stage with a table of its own', () => {
    const service = readService();
    attachLedgerTable(service, {});
    expect(service).toEqual(readService());
  });

  it.each([
    ['another attribute', { 'Fn::GetAtt': ['LedgerTable', 'StreamArn'] }],
    ['text', { 'Fn::Sub': '${LedgerTable.Arn}/index/*' }],
    ['a name', 'LedgerTable'],
  ])('refuses a template that refers to it by %s', (_, value) => {
    const service = readService();
    service.provider.environment.OTHER = value;
    expect(() => attachLedgerTable(service, { LedgerTableName })).toThrow(
      'serverless.yml refers to LedgerTable other than by !Ref and its Arn',
    );
  });
});

describe('ledgerArn', () => {
  it('is that of the resource, or of the existing table', () => {
    expect(ledgerArn({})).toEqual({ 'Fn::GetAtt': ['LedgerTable', 'Arn'] });
    expect(ledgerArn({ LedgerTableName })).toEqual(ARN);
  });

  it('is counted at its length where roles are packed', () => {
    const entries = Array.from({ length: 130 }, (_, i) => ({
      StreamName: `stream-${i}-with-a-name-of-some-length`,
      KeyIds: ['alias/a', 'alias/b'],
    }));
    const longest = { LedgerTableName: 'x'.repeat(255) };
    const packed = Object.values(
      roles(functionRights(), entries, 'prod', longest),
    );
    const sizes = packed.flatMap(({ Properties }) =>
      ((Properties.Policies ?? []) as { PolicyDocument: object }[]).map(
        ({ PolicyDocument }) => policySize(PolicyDocument),
      ),
    );
    expect(sizes).toHaveLength(15);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(10_240);
    expect(JSON.stringify(packed)).not.toContain('"LedgerTable"');
  });
});
