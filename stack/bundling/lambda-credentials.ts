/**
 * Lambda hands credentials over in variables, so a function needs no other way
 * of finding some. serverless.yml puts this in the place of the SDK's whole
 * chain (profiles, SSO, metadata services), nearly a third of a bundle.
 *
 * @see https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
 */
export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';
