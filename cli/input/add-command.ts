import type { Command } from 'commander';
import type { CommandContext } from '../environment/context.ts';

/** Adds a command. Its implementation is imported only when it runs. */
export type AddCommand = (program: Command, context: CommandContext) => void;
