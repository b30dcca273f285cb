import { html } from 'hono/html';
import { visible } from '../../../shared/errors/text.ts';
import type { KeySpan } from '../key-history.ts';
import { utc } from '../time-text.ts';
import type { Markup } from './markup.ts';

/** A name, an ARN or an id, apart from the words around it. */
export function code(value: string): Markup {
  return html`<code>${visible(value)}</code>`;
}

/** A key as it was submitted; null: not encrypted; undefined: unknown. */
export function keyName(keyId: string | null | undefined): Markup {
  if (keyId === undefined) return html`<em>not known</em>`;
  return keyId === null ? html`<em>not encrypted</em>` : code(keyId);
}

/** Since when a stream has a key, as exactly as that is known. */
export function sinceWords(span: KeySpan): string {
  const { From, Known, SeenAt, NotBefore } = span;
  if (Known === 'BEFORE_RECORDS') {
    return SeenAt === undefined
      ? 'not known'
      : `before the records begin; first seen ${utc(SeenAt)}`;
  }
  if (Known === 'SEEN') {
    const notBefore =
      NotBefore !== undefined && Number.isFinite(NotBefore)
        ? `after ${utc(NotBefore)}, `
        : '';
    return SeenAt === undefined
      ? `not known from ${utc(From)} on`
      : `${notBefore}first seen ${utc(SeenAt)}`;
  }
  return utc(From);
}

/** How the begin of a span is known. */
export function knownWords({ Known, KeyId }: KeySpan): string {
  if (KeyId === undefined) return 'no record tells';
  switch (Known) {
    case 'ROTATION':
      return 'a rotation applied it';
    case 'ROLLBACK':
      return 'a rollback gave it back';
    case 'FAILED_ROTATION':
      return 'a rotation that failed applied it; time of its start';
    case 'REPORTED':
      return 'others applied it, reported by CloudTrail';
    case 'LEDGER':
      return 'the ledger says when it was applied';
    case 'SEEN':
      return 'seen, no record of who changed it';
    case 'BEFORE_RECORDS':
      return 'seen, no earlier change is recorded';
  }
}
