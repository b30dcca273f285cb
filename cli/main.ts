#!/usr/bin/env node
import { keepCompiledCode } from '../local/compile-cache.ts';
import { listenForInterruption } from './interruption.ts';
import { runCommandLine } from './run.ts';

// For the commands, which are imported when they are called.
keepCompiledCode();

// A reader that goes away must not keep a rotation from being settled.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

await runCommandLine(process.argv.slice(2), listenForInterruption());
