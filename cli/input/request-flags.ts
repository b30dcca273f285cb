import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Option } from 'commander';
import { parse as parseYaml } from 'yaml';
import { givenPath } from '../../shared/config/shown-path.ts';
import { withoutEmptyFields } from '../../shared/contract/request.ts';
import { REQUEST_FIELD_TEXTS } from '../../shared/contract/request-fields.ts';
import { RotationError } from '../../shared/errors/errors.ts';
import { quote } from '../../shared/errors/text.ts';
import { isObject } from '../../shared/json.ts';

/** Flags that carry a request; the flags of its fields are in the table. */
export interface RequestFlags {
  [flag: string]: unknown;
  cliInputJson?: string;
  cliInputYaml?: string;
  ticket?: string;
}

const STREAM_FIELDS = ['StreamName', 'StreamARN'];
export const KEY_FIELDS = ['KeyId', 'KeyIds'];
/** The fields that name the stream and its keys. */
export const NAMING_FIELDS = [...STREAM_FIELDS, ...KEY_FIELDS];

/**
 * Builds a request from the document of --cli-input-json or --cli-input-yaml,
 * which flags override. A flag that names the stream or the key replaces every
 * field that names it in the document.
 *
 * @throws {RotationError} InvalidRequest for a document that cannot be read
 */
export async function requestFromFlags(
  flags: RequestFlags,
): Promise<Record<string, unknown>> {
  const document = await readDocument(flags);
  const given = givenFields(flags);
  for (const alternatives of [STREAM_FIELDS, KEY_FIELDS]) {
    if (!alternatives.some((field) => field in given)) continue;
    for (const field of alternatives) delete document[field];
  }
  return withoutEmptyFields({
    ...document,
    ...given,
    ...triggerWith(flags.ticket, document),
  });
}

/** The Trigger of the document, or of a manual start, with the ticket. */
function triggerWith(
  Ticket: string | undefined,
  { Trigger = { Source: 'manual' } }: { Trigger?: unknown },
): { Trigger?: object } {
  if (Ticket === undefined || !isObject(Trigger)) return {};
  return { Trigger: { ...Trigger, Ticket } };
}

function givenFields(flags: RequestFlags): Record<string, unknown> {
  const values = Object.entries(REQUEST_FIELD_TEXTS).map(
    ([field, { flag }]) => {
      const name = flag && new Option(flag.flags).attributeName();
      const value = name === undefined ? undefined : flags[name];
      return [field, flag?.isNumber ? toNumber(value) : listed(field, value)];
    },
  );
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}

/** What is no number is refused with the request. */
const toNumber = (value: unknown): unknown =>
  /^\d+$/.test(String(value)) ? Number(value) : value;

/** The name of an alarm may have a comma. */
const listed = (field: string, value: unknown): unknown =>
  Array.isArray(value) && field === 'KeyIds' ? value.flatMap(splitList) : value;

const splitList = (value: unknown): string[] => String(value).split(',');

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
    // Its warnings would go to the terminal.
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
      : givenPath(value.slice(7));
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new RotationError(
      'InvalidRequest',
      `${flag} ${quote(value)} cannot be read: ${(error as Error).message}`,
    );
  }
}
