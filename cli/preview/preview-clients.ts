import { withServiceClients } from '../environment/service-clients.ts';
import type { PreviewClients } from './rotation-preview.ts';

/**
 * Gives the clients of the AWS that the variables name, and closes them.
 *
 * @param tableName of the ledger; undefined before the first deployment
 */
export function withPreviewClients<T>(
  tableName: string | undefined,
  work: (clients: PreviewClients) => Promise<T>,
): Promise<T> {
  return withServiceClients((clients) =>
    work({ ...clients, tableName, now: Date.now }),
  );
}
