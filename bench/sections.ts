import type { Plot, Section, Table } from './section.ts';
import { COLD_START } from './sections/cold-start.ts';
import { COST } from './sections/cost.ts';
import { FLEET } from './sections/fleet.ts';
import { LATENCY } from './sections/latency.ts';
import { LEDGER } from './sections/ledger.ts';
import { STARTUP } from './sections/startup.ts';

/** In the order of the page. */
const SECTIONS = [
  LATENCY,
  COST,
  LEDGER,
  COLD_START,
  FLEET,
  STARTUP,
] as readonly Section<unknown>[];

export const SECTION_NAMES = SECTIONS.map(({ Name }) => Name);

/** A section with what was measured. */
export interface Measured {
  Name: string;
  Title: string;
  Data: unknown;
  Tables: Table[];
  Plot: Plot;
}

const show = (section: Section<unknown>, Data: unknown): Measured => ({
  Name: section.Name,
  Title: section.Title,
  Data,
  Tables: section.tables(Data),
  Plot: section.plot(Data),
});

/**
 * Measures sections, one after another.
 *
 * @param names all of them without it
 */
export async function* measured(
  names: readonly string[] = SECTION_NAMES,
): AsyncGenerator<Measured> {
  for (const section of SECTIONS) {
    if (names.includes(section.Name)) {
      yield show(section, await section.measure());
    }
  }
}

/** Sections from data that were measured before, by name. */
export function shown(data: Record<string, unknown>): Measured[] {
  return SECTIONS.filter(({ Name }) => Name in data).map((section) =>
    show(section, data[section.Name]),
  );
}
