declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** A DynamoDB server, not yet listening. */
  export default function dynalite(options?: {
    /** Folder to keep tables in; in memory without one. */
    path?: string;
    /** How long a new table is CREATING, in milliseconds. */
    createTableMs?: number;
  }): Server;
}
