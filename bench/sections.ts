import type { Section } from './section.ts';
import { COLD_START } from './sections/cold-start.ts';
import { COST } from './sections/cost.ts';
import { FLEET } from './sections/fleet.ts';
import { LATENCY } from './sections/latency.ts';
import { LEDGER } from './sections/ledger.ts';
import { REPORT } from './sections/report.ts';
import { STARTUP } from './sections/startup.ts';

/** In the order of the page. */
export const SECTIONS = [
  LATENCY,
  COST,
  LEDGER,
  COLD_START,
  FLEET,
  REPORT,
  STARTUP,
] as readonly Section<unknown>[];
