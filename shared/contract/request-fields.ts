import type { RequestField } from './request.ts';

/** What people read about a field of a request, wherever they meet it. */
interface RequestFieldTexts {
  /** A row of docs/request.md. */
  meaning: string;
  /** Its value in the skeleton of a request. */
  placeholder: unknown;
  /** Its comment in the YAML skeleton. */
  comment?: string;
  /** Its flag on the command line; absent where a document has to give it. */
  flag?: {
    flags: string;
    help: string;
    /** Whether its value is a number. */
    isNumber?: true;
    /** The values that the field chooses from. */
    values?: readonly string[];
  };
}

/**
 * Every field of a request, in the order in which help and docs show them. Flags,
 * skeletons and docs/request.md come from this table.
 */
export const REQUEST_FIELD_TEXTS: Record<RequestField, RequestFieldTexts> = {
  StreamName: {
    meaning:
      'The stream. Give `StreamName`, `StreamARN`, or both if they agree.',
    placeholder: '',
    comment: 'StreamName or StreamARN; both must agree',
    flag: { flags: '--stream-name <name>', help: 'name of the stream' },
  },
  StreamARN: {
    meaning:
      'The stream, by ARN. It must be in the Region of the state machine.',
    placeholder: '',
    flag: { flags: '--stream-arn <arn>', help: 'ARN of the stream' },
  },
  EncryptionType: {
    meaning:
      '`KMS`, the default. `NONE` is refused: a rotation never ends encryption.',
    placeholder: 'KMS',
    comment: 'the only value is KMS',
    flag: {
      flags: '--encryption-type <type>',
      help: 'KMS, the only value',
      values: ['KMS'],
    },
  },
  KeyId: {
    meaning:
      'One key, in one of the five forms of the API: key ARN, alias ARN, key ID (GUID or `mrk-...`), alias name, `alias/aws/kinesis`. It is submitted as you write it.',
    placeholder: '',
    comment: 'KeyId for one key, or KeyIds for a ring; not both',
    flag: {
      flags: '--key-id <key>',
      help: 'the key to move the stream to: key ARN, alias ARN, key ID, or alias/...',
    },
  },
  KeyIds: {
    meaning:
      'Instead of `KeyId`: a ring of at least two keys, in the order in which the stream moves through them, or [of one alias](#a-ring-of-one-alias) whose owner points it at another key.',
    placeholder: ['', ''],
    flag: {
      flags: '--key-ids <keys...>',
      help: 'a ring of keys to move through, separated by commas or spaces, or one alias',
    },
  },
  Mode: {
    meaning:
      'With `KeyIds`. `ROTATE` (default): the key after the current one, or the first key if the current one is not in the ring; the alias of a ring of one, if it may be another key. `RESTORE`: the current key if it is in the ring and usable, else the first usable one. `REVERT`: [the key before the last applied one](#mode-revert).',
    placeholder: 'ROTATE',
    comment: 'with KeyIds: ROTATE, RESTORE or REVERT',
    flag: {
      flags: '--mode <mode>',
      help: 'with a ring: ROTATE (default), RESTORE, or REVERT to the key before',
      values: ['ROTATE', 'RESTORE', 'REVERT'],
    },
  },
  RevertWithinMinutes: {
    meaning:
      'With `Mode` REVERT: how long before the start of the rotation the last key may have been applied, 1 to 10080 minutes (7 days). Default: 1440, which is 24 hours.',
    placeholder: 1440,
    comment: 'with REVERT: 1 to 10080 minutes since the last key',
    flag: {
      flags: '--revert-within-minutes <minutes>',
      isNumber: true,
      help: 'with REVERT: the last key was applied at most this long ago, 1 to 10080 (default: 1440)',
    },
  },
  OnQuotaExhausted: {
    meaning:
      '`FAIL` (default), or `WAIT` until a slot is free, for at most 48 hours.',
    placeholder: 'FAIL',
    comment: 'FAIL or WAIT',
    flag: {
      flags: '--on-quota-exhausted <action>',
      help: 'FAIL (default), or WAIT for a free slot',
      values: ['FAIL', 'WAIT'],
    },
  },
  Force: {
    meaning: '`true` applies the key even if the stream already has it.',
    placeholder: false,
    comment: 'apply the key even if the stream already has it',
    flag: {
      flags: '--force',
      help: 'apply the key even if the stream already has it',
    },
  },
  UnlessAppliedSince: {
    meaning:
      'A time as ISO 8601. The rotation ends UNCHANGED if, by the ledger, a key was applied to the encrypted stream since then. A request that is delivered twice therefore moves the stream once.',
    placeholder: '9999-12-31T23:59:59Z',
    comment: 'end UNCHANGED if a key was applied since this time',
  },
  OnVerificationFailed: {
    meaning:
      '`ROLL_BACK` (default): when KMS refuses the probe under the new key, the stream returns to its previous key. `KEEP`: it stays under the new key. Either way the rotation fails.',
    placeholder: 'ROLL_BACK',
    comment: 'ROLL_BACK or KEEP',
    flag: {
      flags: '--on-verification-failed <action>',
      help: 'ROLL_BACK (default) to the previous key, or KEEP the new one',
      values: ['ROLL_BACK', 'KEEP'],
    },
  },
  KeepSlotForRollback: {
    meaning:
      '`true` takes two slots, and starts only when both are free, so that a rollback always has one. The second slot is released when it is not needed.',
    placeholder: false,
    comment: 'take two slots, the second for a rollback',
    flag: {
      flags: '--keep-slot-for-rollback',
      help: 'take two slots, the second for a rollback',
    },
  },
  BakeMinutes: {
    meaning:
      'After the probe, the rotation watches `BakeAlarms` for this time: 0 (default) to 60 minutes. An alarm that goes to ALARM ends it as `AlarmDuringBake`, and the stream returns to its previous key unless `OnVerificationFailed` is `KEEP`. `Mode` RESTORE and REVERT have no bake.',
    placeholder: 0,
    comment: 'minutes to watch BakeAlarms after the probe, 0 to 60',
    flag: {
      flags: '--bake-minutes <minutes>',
      isNumber: true,
      help: 'watch the bake alarms for this time after the probe, 0 (default) to 60',
    },
  },
  BakeAlarms: {
    meaning:
      'Names of at most 20 CloudWatch metric alarms of the account and Region. One that is in ALARM before the Start, or does not exist, ends the rotation as `AlarmBeforeStart`; with `Force` it is left out of the bake.',
    placeholder: [],
    comment: 'CloudWatch alarms to watch, at most 20',
    flag: {
      flags: '--bake-alarms <names...>',
      help: 'CloudWatch alarms to watch after the probe',
    },
  },
  Probe: {
    meaning:
      '`{"PartitionKey", "Data"}` to write instead of the default probe. `Data` is base64, as in PutRecord, of at most 65,536 characters. Its content is in the request and in the plan, and never in logs, metrics, events or the record of the rotation.',
    placeholder: { PartitionKey: '', Data: '' },
    comment: 'instead of the default probe; Data in base64',
  },
  Trigger: {
    meaning:
      '`{"Source": "schedule", "manual" or "alarm", ...}`: up to 20 plain values that are copied into logs, history and outcome. They decide nothing but the [warning](#warnings) of a RESTORE. Names have at most 128 characters, texts at most 1,024, and the whole at most 16,384 bytes as JSON. `Ticket` has 1 to 256 visible characters; `rotate --ticket` sets it. `CallerArn` is an ARN; `rotate` on AWS sets it to the ARN of its own caller (sts:GetCallerIdentity). All of it is what the request claims: only CloudTrail proves who started an execution.',
    placeholder: { Source: 'manual' },
    comment: 'Source: schedule, manual or alarm',
  },
};
