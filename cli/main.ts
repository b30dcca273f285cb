#!/usr/bin/env node
import { keepCompiledCode } from '../local/compile-cache.ts';
import { listenForInterruption } from './interruption.ts';
import { runCommandLine } from './run.ts';

// For the commands, which are imported when they are called.
keepCompiledCode();

// A reader that goes away must not keep a rotation from being settled.
process.stderr.on('error', () => {});
process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE') return;
  process.stderr.write(`The result could not be written: ${message}\n`);
  process.once('exit', () => {
    process.exitCode ||= 1;
  });
});

process.on('uncaughtException', async (error) => {
  const { crashText } = await import('./errors/crash.ts');
  process.stderr.write(`${crashText(error)}\n`);
  process.exit(1);
});

const interruption = listenForInterruption();
await runCommandLine(process.argv.slice(2), interruption);
// A call that was given up may be under way until its time is over.
if (interruption.signal.aborted) {
  process.stdout.write('', () => process.exit());
}
