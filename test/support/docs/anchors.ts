/**
 * The anchors of a Markdown page: GitHub's of its headings, and those that stand in
 * it as `<a id="...">`.
 */
export function anchorsOf(page: string): string[] {
  const headings = [...page.matchAll(/^#{1,6} (.+)$/gm)].map(([, text = '']) =>
    text
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  const ids = [...page.matchAll(/<a id="([^"]+)"><\/a>/g)].map(
    ([, id = '']) => id,
  );
  return [...headings, ...ids];
}
