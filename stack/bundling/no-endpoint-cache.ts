/**
 * DynamoDB's client makes a cache for endpoints that are to be discovered, and
 * none of its commands discovers any. serverless.yml puts this in its place.
 *
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoint-discovery.html
 */
export class EndpointCache {}
