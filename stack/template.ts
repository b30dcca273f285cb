/** What the parts of the CloudFormation template are made of. */
export interface Resource {
  Type: string;
  Properties: Record<string, unknown>;
  DependsOn?: string | string[];
  DeletionPolicy?: string;
}
export type Resources = Record<string, Resource>;

export interface Template {
  Resources: Resources;
  Outputs?: Record<string, unknown>;
}

export const sub = (text: string) => ({ 'Fn::Sub': text });
export const ref = (logicalId: string) => ({ Ref: logicalId });
export const arnOf = (logicalId: string) => ({
  'Fn::GetAtt': [logicalId, 'Arn'],
});
