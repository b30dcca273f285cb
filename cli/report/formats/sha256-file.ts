import { createHash } from 'node:crypto';
import { basename } from 'node:path';

/** The SHA-256 of a text's UTF-8 or of bytes, in hexadecimal digits. */
export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Where the hash of a file is kept. */
export function hashPath(path: string): string {
  return `${path}.sha256`;
}

/** A line that `sha256sum --check` reads in the folder of the file. */
export function hashLine(hash: string, path: string): string {
  const name = basename(path);
  const escaped = name
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r');
  return `${escaped === name ? '' : '\\'}${hash}  ${escaped}\n`;
}

/** The hash of such a line; undefined for another text. */
export function parseHashLine(text: string): string | undefined {
  return /^\\?([0-9a-f]{64}) [ *][^\n]+\n?$/i.exec(text)?.[1]?.toLowerCase();
}
