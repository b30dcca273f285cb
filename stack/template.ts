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
/** The text of an ARN of the stack's own account and Region, for {@link sub}. */
export const ownArn = (service: string, resource: string) =>
  `arn:\${AWS::Partition}:${service}:\${AWS::Region}:\${AWS::AccountId}:${resource}`;
export const ref = (logicalId: string) => ({ Ref: logicalId });
export const arnOf = (logicalId: string) => ({
  'Fn::GetAtt': [logicalId, 'Arn'],
});
