import type { KeySpan } from '../key-history.ts';

/** How many keys of a ring have their own color. */
export const KEY_COLORS = 6;

/** How a key is drawn: never by its color alone, but with a label. */
export interface KeyPaint {
  Fill: string;
  /** On it. */
  Ink: string;
  Label: string;
}

/** The paint of a span: by the key's place in the ring. */
export function keyPaint(
  { KeyId }: Pick<KeySpan, 'KeyId'>,
  ring: readonly string[],
): KeyPaint {
  if (KeyId === undefined) {
    return { Fill: 'url(#unknown)', Ink: 'var(--ink)', Label: '?' };
  }
  if (KeyId === null) {
    return { Fill: 'var(--paper)', Ink: 'var(--bad)', Label: 'none' };
  }
  const at = ring.indexOf(KeyId);
  if (at < 0) return { Fill: 'url(#outside)', Ink: 'var(--ink)', Label: '!' };
  const color = (at % KEY_COLORS) + 1;
  return {
    Fill: `var(--key-${color})`,
    Ink: `var(--key-ink-${color})`,
    Label: String(at + 1),
  };
}
