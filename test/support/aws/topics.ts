import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { withHangUps } from '../../../local/instruments/hang-ups.ts';

/** What SNS would deliver of one Publish, by the protocol of a subscription. */
interface Published {
  TopicArn: string;
  Subject: string;
  email: string;
  https: string;
  sqs: string;
}

export interface Topics {
  endpoint: string;
  published: Published[];
  /** ARNs of topics that answer 500 as often as this. */
  broken: Map<string, number>;
  close: () => Promise<void>;
}

const MAX_BYTES = 262_144;
/** @see https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
const SUBJECT = /^[!-~][ -~]{0,99}$/;

/**
 * A stand-in for SNS, which has no emulator: takes Publish over HTTP, and refuses
 * what SNS documents to refuse.
 */
export async function startTopics(): Promise<Topics> {
  const published: Published[] = [];
  const broken = new Map<string, number>();
  const server = createServer(
    withHangUps(async (request, response) => {
      const form = new URLSearchParams(await text(request));
      const value = (name: string) => form.get(name) ?? '';
      const TopicArn = value('TopicArn');
      const left = broken.get(TopicArn) ?? 0;
      const refusal =
        left > 0
          ? 'InternalError'
          : refusalOf(value('Subject'), value('Message'));
      broken.set(TopicArn, left - 1);
      response.writeHead(refusal === undefined ? 200 : left > 0 ? 500 : 400, {
        'content-type': 'text/xml',
      });
      if (refusal !== undefined) {
        response.end(
          `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>${refusal}</Code><Message>${refusal}</Message></Error></ErrorResponse>`,
        );
        return;
      }
      const message: Record<string, string> = JSON.parse(value('Message'));
      const { default: others = '', email = others, https = others } = message;
      published.push({
        TopicArn,
        Subject: value('Subject'),
        email,
        https,
        sqs: message.sqs ?? others,
      });
      response.end(
        '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>',
      );
    }),
  );
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    published,
    broken,
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

function refusalOf(subject: string, message: string): string | undefined {
  if (!SUBJECT.test(subject)) return 'InvalidParameter: Subject';
  if (Buffer.byteLength(message) > MAX_BYTES)
    return 'InvalidParameter: Message';
  const texts: unknown = JSON.parse(message);
  const isText = Object.values(texts as object).every(
    (one) => typeof one === 'string',
  );
  return isText ? undefined : 'InvalidParameter: Message Structure';
}
