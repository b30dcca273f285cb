/**
 * Kinesis's client makes a handler of HTTP/2 unless it gets another, and ours all get
 * one of HTTP/1.1. The bundles have this in its place, so node:http2 is not loaded.
 */
export { NodeHttpHandler as NodeHttp2Handler } from '@smithy/node-http-handler';
