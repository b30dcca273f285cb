/** How many keys of a ring have their own color. */
export const KEY_COLORS = 6;

/** How a key is drawn: never by its color alone, but with a label. */
export interface KeyPaint {
  fill: string;
  /** The color of text on it. */
  ink: string;
  label: string;
}

/** The color of a place in the ring, which counts from 1. */
export function keyColor(place: number): number {
  return ((place - 1) % KEY_COLORS) + 1;
}

/** Paints a key by its place in the ring. */
export function keyPaint(
  keyId: string | null | undefined,
  ring: readonly string[],
): KeyPaint {
  if (keyId === undefined) {
    return { fill: 'var(--raised)', ink: 'var(--ink)', label: '?' };
  }
  if (keyId === null) {
    return { fill: 'var(--paper)', ink: 'var(--bad)', label: 'none' };
  }
  const at = ring.indexOf(keyId);
  if (at < 0) return { fill: 'url(#outside)', ink: 'var(--ink)', label: '!' };
  const color = keyColor(at + 1);
  return {
    fill: `var(--key-${color})`,
    ink: `var(--key-ink-${color})`,
    label: String(at + 1),
  };
}
