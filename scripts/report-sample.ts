/** Writes the report of a simulated month, to look at. */
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reportPage } from '../cli/report/report-page.ts';
import { simulatedMonth } from '../test/support/report/simulated-month.ts';

const path = join(tmpdir(), 'kinesis-key-rotation-report.html');
const page = await reportPage(simulatedMonth());
await writeFile(path, page);
process.stdout.write(`${path}: ${Math.round(page.length / 1000)} KB\n`);
