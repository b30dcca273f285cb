import { readdir } from 'node:fs/promises';
import { moduleUrl } from '../../shared/package-root.ts';
import type { TaskHandlers } from './state-machine.ts';

const FOLDER = moduleUrl('functions/');

/**
 * Loads the deployed functions, by the name of their state. They find their
 * services by the `AWS_*` variables, so set these before the first call.
 */
export async function loadHandlers(): Promise<TaskHandlers> {
  const files = await readdir(FOLDER);
  const loaded = files.map(async (file) => {
    const name = file.replace(/\.m?[jt]s$/, '');
    const { handler } = await import(`../../functions/${name}.ts`);
    return [toState(name), handler];
  });
  return Object.fromEntries(await Promise.all(loaded));
}

/** `plan-rotation` is the function of the state `PlanRotation`. */
function toState(file: string): string {
  return file.replace(/(?:^|-)(\w)/g, (_, first: string) =>
    first.toUpperCase(),
  );
}
