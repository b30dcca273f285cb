/** Milliseconds before each retry of a Task; the SDK's own pauses stay. */
export const NO_RETRY_PAUSES = {
  PlanRotation: 0,
  ReserveQuota: 0,
  StartEncryption: 0,
  DescribeStream: 0,
  VerifyEncryption: 0,
  PlanRollback: 0,
  CompleteRotation: 0,
  SettleFailure: 0,
};
