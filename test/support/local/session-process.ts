/** A process with a session of its own, until its parent says something. */
import { openSession } from '../../../local/session/session.ts';

const [directory = ''] = process.argv.slice(2);
const session = await openSession({
  directory,
  region: 'us-east-1',
  updateSeconds: 0,
  rotations: [{ StreamName: 'orders', KeyIds: ['alias/a', 'alias/b'] }],
});
const { endpoints, isOwner } = session;
process.send?.({ endpoints, isOwner });
process.once('message', async () => {
  await session.close();
  process.disconnect();
});
