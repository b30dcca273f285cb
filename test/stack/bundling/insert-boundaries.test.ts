import fc from 'fast-check';
import { expect, it } from 'vitest';
import { boundariesOf } from '../../../shared/config/stream-boundary.ts';
import { sweptStreams } from '../../../shared/config/swept-streams.ts';
import {
  insertBoundaries,
  OPEN_PLACES,
} from '../../../stack/bundling/insert-boundaries.ts';

/** As esbuild writes the open place: minified, it may use another quote. */
const bundle = (
  quote: string,
  place: keyof typeof OPEN_PLACES = 'STREAM_BOUNDARIES',
) => `JSON.parse(${quote}${JSON.parse(OPEN_PLACES[place])}${quote})`;

/** Runs the text of a bundle. */
const load = (code: string): unknown => new Function(`return ${code}`)();

it('inserts the boundaries and the swept streams, whatever the names contain', () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'binary', minLength: 1 }), { minLength: 1 }),
      fc.constantFrom('"', "'", '`'),
      (KeyIds, quote) => {
        const entries = [{ StreamName: '$& `"\u2028', KeyIds }];
        expect(load(insertBoundaries(bundle(quote), entries))).toEqual(
          boundariesOf(entries),
        );
        const swept = bundle(quote, 'SWEPT_STREAMS');
        expect(load(insertBoundaries(swept, entries))).toEqual(
          sweptStreams(entries),
        );
      },
    ),
  );
});

it('leaves a bundle unusable that has no boundaries', () => {
  expect(() => load(bundle('"'))).toThrow(SyntaxError);
});
