#!/usr/bin/env node
import { existsSync } from 'node:fs';

// The repository runs its sources, and an installed package its build.
const isRepository = existsSync(new URL('main.ts', import.meta.url));
await import(isRepository ? './main.ts' : '../dist/cli/main.js');
