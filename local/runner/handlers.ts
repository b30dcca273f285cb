import { readdir } from 'node:fs/promises';
import { moduleUrl } from '../../shared/package-root.ts';
import type { TaskHandlers } from './state-machine.ts';

/** Bundlers follow a name that varies one folder deep only. */
const FOLDERS: Record<string, (name: string) => Promise<FunctionModule>> = {
  'functions/': (name) => import(`../../functions/${name}.ts`),
  'functions/events/': (name) => import(`../../functions/events/${name}.ts`),
};

interface FunctionModule {
  handler: TaskHandlers[string];
}

/**
 * Loads the deployed functions, by their names: those of states, and those that events
 * invoke. They find their services by the `AWS_*` variables, so set these before the
 * first call.
 */
export async function loadHandlers(): Promise<TaskHandlers> {
  const loaded = Object.entries(FOLDERS).map(async ([folder, load]) => {
    const files = await readdir(moduleUrl(folder));
    const names = files.flatMap(
      (file) => /^(.+)\.c?[jt]s$/.exec(file)?.[1] ?? [],
    );
    return Promise.all(
      names.map(async (name) => [toState(name), (await load(name)).handler]),
    );
  });
  return Object.fromEntries((await Promise.all(loaded)).flat());
}

/** `plan-rotation` is the function of the state `PlanRotation`. */
function toState(file: string): string {
  return file.replace(/(?:^|-)(\w)/g, (_, first: string) =>
    first.toUpperCase(),
  );
}
