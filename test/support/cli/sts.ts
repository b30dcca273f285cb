import { createServer } from 'node:http';
import { listen } from '../local/listen.ts';
import type { AtEnd } from '../local/temporary-directory.ts';

/**
 * Answers GetCallerIdentity as STS does.
 *
 * @param arn undefined for a denial
 * @returns its endpoint
 */
export function startSts(
  arn: string | undefined,
  atEnd: AtEnd,
): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(arn ? 200 : 403, { 'Content-Type': 'text/xml' });
    response.end(
      arn
        ? `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>${arn}</Arn><UserId>AIDA</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
        : '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>',
    );
  });
  return listen(server, atEnd);
}
