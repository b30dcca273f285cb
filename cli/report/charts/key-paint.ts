/** How many keys of a ring have their own color. */
export const KEY_COLORS = 6;

/** How a key is drawn: never by its color alone, but with a label. */
export interface KeyPaint {
  fill: string;
  /** The color of text on it. */
  ink: string;
  label: string;
}

/** Paints a key by its place in the ring. */
export function keyPaint(
  keyId: string | null | undefined,
  ring: readonly string[],
): KeyPaint {
  if (keyId === undefined) {
    return { fill: 'url(#unknown)', ink: 'var(--ink)', label: '?' };
  }
  if (keyId === null) {
    return { fill: 'var(--paper)', ink: 'var(--bad)', label: 'none' };
  }
  const at = ring.indexOf(keyId);
  if (at < 0) return { fill: 'url(#outside)', ink: 'var(--ink)', label: '!' };
  const color = (at % KEY_COLORS) + 1;
  return {
    fill: `var(--key-${color})`,
    ink: `var(--key-ink-${color})`,
    label: String(at + 1),
  };
}
