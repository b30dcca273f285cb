import { expect, it } from 'vitest';
import { whyNoIam } from '../../../../cli/access-check/sources/iam-endpoints.ts';

const LOCAL = 'http://127.0.0.1:1';
const KMS = { AWS_ENDPOINT_URL_KMS: LOCAL };
const ALL = Object.fromEntries(
  ['ACCESSANALYZER', 'FIREHOSE', 'IAM', 'LAMBDA'].map((service) => [
    `AWS_ENDPOINT_URL_${service}`,
    LOCAL,
  ]),
);

it.each([
  ['AWS', {}, false, undefined],
  ['an emulator of everything', { AWS_ENDPOINT_URL: LOCAL }, true, undefined],
  ['an emulator of each service', { ...KMS, ...ALL }, false, undefined],
  ['the embedded AWS', KMS, true, /^the embedded AWS has no IAM policies$/],
  ['the embedded AWS before it runs', {}, true, /^the embedded AWS/],
  ['the embedded AWS and an emulator', { ...KMS, ...ALL }, true, undefined],
  ['an emulator of KMS', KMS, false, /ACCESSANALYZER, .*_LAMBDA are not$/],
  [
    'an emulator of KMS and of IAM',
    { ...KMS, ...ALL, AWS_ENDPOINT_URL_LAMBDA: '' },
    false,
    /is set, and AWS_ENDPOINT_URL_LAMBDA is not$/,
  ],
])('says whether IAM is asked: %s', (_, env, isEmbedded, why) => {
  const said = whyNoIam(env, isEmbedded);
  if (why === undefined) expect(said).toBeUndefined();
  else expect(said).toMatch(why);
});
