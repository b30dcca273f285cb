import { ServiceError } from './json-service.ts';

/** A key as kms:DescribeKey shows it. Times are seconds since the epoch. */
export interface StoredKey {
  AWSAccountId: string;
  KeyId: string;
  Arn: string;
  CreationDate: number;
  Enabled: boolean;
  Description: string;
  KeyUsage: string;
  KeyState: 'Enabled' | 'Disabled' | 'PendingDeletion' | 'PendingImport';
  DeletionDate?: number | undefined;
  Origin: 'AWS_KMS' | 'EXTERNAL';
  /** Of imported material. */
  ExpirationModel?: string | undefined;
  ValidTo?: number | undefined;
  KeyManager: 'CUSTOMER' | 'AWS';
  KeySpec: string;
  CustomerMasterKeySpec: string;
  EncryptionAlgorithms?: string[];
  MultiRegion: boolean;
}

/** The automatic rotation of a key's material. */
export interface KeyRotation {
  /** Milliseconds since the epoch. */
  EnabledAt: number;
  PeriodInDays: number;
}

/** A grant as kms:ListGrants shows it. Times are seconds since the epoch. */
export interface StoredGrant {
  KeyId: string;
  GrantId: string;
  GranteePrincipal: string;
  IssuingAccount: string;
  CreationDate: number;
  Operations: string[];
  Name?: string;
  Constraints?: object;
}

/** Who may use a key: kept beside it, and never enforced. */
export interface KeyAccess {
  /** JSON; the default of KMS without one. */
  Policy?: string;
  Grants?: StoredGrant[];
}

/** The names are those of KMS's own errors. */
export class KmsError extends ServiceError {
  constructor(
    name:
      | 'AlreadyExistsException'
      | 'InvalidArnException'
      | 'KMSInvalidStateException'
      | 'MalformedPolicyDocumentException'
      | 'NotFoundException'
      | 'UnsupportedOperationException'
      | 'ValidationException',
    message: string,
  ) {
    super(name, message);
  }
}
