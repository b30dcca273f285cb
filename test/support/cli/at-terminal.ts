import { PassThrough } from 'node:stream';

/**
 * Works with a terminal at which a person types, or without one.
 *
 * @param typed null for a person who ends the input; undefined without a terminal
 */
export async function atTerminal<T>(
  typed: string | null | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const stdin = Object.assign(new PassThrough(), {
    isTTY: typed !== undefined,
  });
  const undos = [
    replace(process, 'stdin', stdin),
    replace(process.stderr, 'isTTY', true),
  ];
  if (typed === null) stdin.end();
  else if (typed !== undefined) stdin.write(typed);
  try {
    return await work();
  } finally {
    for (const undo of undos) undo();
  }
}

function replace(object: object, name: string, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { value, configurable: true });
  return () => {
    Reflect.deleteProperty(object, name);
    if (before) Object.defineProperty(object, name, before);
  };
}
