import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse as parseYaml } from 'yaml';
import { RotationError } from '../../shared/errors/errors.ts';
import { quote } from '../../shared/errors/text.ts';
import { isObject } from '../../shared/json.ts';

/** The flags of a request, as commander hands them over. */
export interface RequestFlags {
  streamName?: string;
  streamArn?: string;
  encryptionType?: string;
  keyId?: string;
  keyIds?: string[];
  mode?: string;
  onQuotaExhausted?: string;
  force?: boolean;
  onVerificationFailed?: string;
  keepSlotForRollback?: boolean;
  cliInputJson?: string;
  cliInputYaml?: string;
}

/** Fields of a request that say which stream, and which keys. */
export const NAMING_FIELDS = ['StreamName', 'StreamARN', 'KeyId', 'KeyIds'];

/**
 * Puts a request together: the document of --cli-input-json or
 * --cli-input-yaml, and the flags over it. A flag that names the stream or the
 * key takes the place of every field that named it in the document.
 *
 * @throws {RotationError} InvalidRequest for a document that cannot be read
 */
export async function requestFromFlags(
  flags: RequestFlags,
): Promise<Record<string, unknown>> {
  const document = await readDocument(flags);
  if (flags.streamName !== undefined || flags.streamArn !== undefined) {
    delete document.StreamName;
    delete document.StreamARN;
  }
  if (flags.keyId !== undefined || flags.keyIds !== undefined) {
    delete document.KeyId;
    delete document.KeyIds;
  }
  const given = {
    StreamName: flags.streamName,
    StreamARN: flags.streamArn,
    EncryptionType: flags.encryptionType,
    KeyId: flags.keyId,
    KeyIds: flags.keyIds?.flatMap((ids) => ids.split(',')),
    Mode: flags.mode,
    OnQuotaExhausted: flags.onQuotaExhausted,
    Force: flags.force,
    OnVerificationFailed: flags.onVerificationFailed,
    KeepSlotForRollback: flags.keepSlotForRollback,
  };
  const present = Object.entries(given).filter(
    ([, value]) => value !== undefined,
  );
  return { ...document, ...Object.fromEntries(present) };
}

async function readDocument({
  cliInputJson,
  cliInputYaml,
}: RequestFlags): Promise<Record<string, unknown>> {
  if (cliInputJson !== undefined && cliInputYaml !== undefined) {
    throw new RotationError(
      'InvalidRequest',
      '--cli-input-json and --cli-input-yaml are both given; give one',
    );
  }
  if (cliInputJson !== undefined) {
    return parseWith(JSON.parse, 'JSON', '--cli-input-json', cliInputJson);
  }
  if (cliInputYaml !== undefined) {
    // Its warnings would go to the terminal as they are.
    const parse = (text: string) => parseYaml(text, { logLevel: 'error' });
    return parseWith(parse, 'YAML', '--cli-input-yaml', cliInputYaml);
  }
  return {};
}

async function parseWith(
  parse: (text: string) => unknown,
  language: string,
  flag: string,
  value: string,
): Promise<Record<string, unknown>> {
  const text = await readParameter(flag, value);
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    const [line] = (error as Error).message.split('\n');
    throw new RotationError(
      'InvalidRequest',
      `${flag} ${quote(value)} is not ${language}: ${line}`,
    );
  }
  if (!isObject(document)) {
    throw new RotationError(
      'InvalidRequest',
      `${flag} ${quote(value)} is not a ${language} object with the fields of a request`,
    );
  }
  return document;
}

/** A value, or the text of the file that file:// names, as in the AWS CLI. */
async function readParameter(flag: string, value: string): Promise<string> {
  if (!value.startsWith('file://')) return value;
  try {
    const path = value.startsWith('file:///')
      ? fileURLToPath(value)
      : resolve(process.env.INIT_CWD ?? process.cwd(), value.slice(7));
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new RotationError(
      'InvalidRequest',
      `${flag} ${quote(value)} cannot be read: ${(error as Error).message}`,
    );
  }
}
