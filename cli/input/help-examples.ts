/** What `--help` shows below the flags of a command, by its name. */
export const HELP_EXAMPLES: Record<string, readonly string[]> = {
  rotate: [
    'rotate',
    'rotate --stream-name orders --key-id alias/orders-b',
    'rotate --cli-input-json file://request.json --output json',
    'rotate --stage prod --region eu-west-1 --stream-name orders --key-ids alias/orders-a,alias/orders-b',
    'rotate --stage prod --stream-name orders --ticket SEC-2291',
    'rotate --stage prod --all --dry-run',
    'rotate --stage prod --all --yes --no-wait',
    'rotate --stage prod --all --away-from alias/orders-a',
  ],
  follow: [
    'follow arn:aws:states:eu-west-1:111122223333:execution:kinesis-key-rotation-prod-rotate-stream:orders-20261125T130405678Z',
  ],
  plan: [
    'plan --stream-name orders --key-id alias/orders-b',
    'plan --stage prod --all',
    'plan --stage prod --all --away-from alias/orders-a',
    'plan --stage prod --all --query "[?Expected==\'FAILED\'].[StreamName, Error]" --output text',
  ],
  quota: [
    'quota --stream-name orders',
    'quota --stage prod',
    'quota --stage prod --stream-name orders --query Quota.Remaining',
  ],
  history: [
    'history --stream-name orders --since 7d',
    'history --stage prod --status FAILED --output json',
    'history --stage prod --since 2026-11-01 --until 2026-12-01 --output yaml',
  ],
  keys: [
    'keys --stream-name orders',
    'keys --stage prod --output json',
    'keys --stage prod --safe-to-retire',
  ],
  report: [
    'report',
    'report --stage prod --since 90d --file audit.html',
    'report --stage prod --stream-name orders --file -',
    'report --stage prod --output json --file audit.json',
    'report verify audit.html',
  ],
  streams: [
    'streams --from-account --region eu-west-1 --profile prod',
    'streams --stage prod',
    'streams --stage prod --query "[?EncryptionType==\'NONE\'].StreamName" --output text',
    'streams --stage prod --query "[?!Managed].[StreamName, KeyId]" --output text',
  ],
  trigger: [
    'trigger --event examples/events/drift-alarm.json',
    'trigger --event - --now',
  ],
  local: [
    'local',
    'local --kinesis-port 0 --dynamodb-port 0 --kms-port 0 --cloudwatch-port 0 --sfn-port 0',
  ],
  complete: ['complete bash', 'complete zsh'],
  init: ['init', 'init --from-account --region eu-west-1 --profile prod'],
  package: [
    'package --stage prod --region eu-west-1',
    'package --param architecture=x86_64 --output-directory out',
  ],
  deploy: ['deploy --stage prod --region eu-west-1 --profile prod'],
  remove: ['remove --stage test --region eu-west-1'],
};
