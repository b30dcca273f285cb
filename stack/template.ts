/** What the parts of the CloudFormation template are made of. */
export interface Resource {
  Type: string;
  Properties: Record<string, unknown>;
  DependsOn?: string | string[];
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
}
export type Resources = Record<string, Resource>;

export interface Template {
  Metadata?: Record<string, unknown>;
  Resources: Resources;
  Outputs?: Record<string, unknown>;
}

/** CloudFormation refuses an Fn::Sub that has nothing to put in. */
export const sub = (text: string) =>
  text.includes('${') ? { 'Fn::Sub': text } : text;
export const ref = (logicalId: string) => ({ Ref: logicalId });
export const arnOf = (logicalId: string) => ({
  'Fn::GetAtt': [logicalId, 'Arn'],
});
