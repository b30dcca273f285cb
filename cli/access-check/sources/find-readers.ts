import {
  DescribeDeliveryStreamCommand,
  FirehoseClient,
  ListDeliveryStreamsCommand,
} from '@aws-sdk/client-firehose';
import { ListStreamConsumersCommand } from '@aws-sdk/client-kinesis';
import {
  GetFunctionConfigurationCommand,
  LambdaClient,
  paginateListEventSourceMappings,
} from '@aws-sdk/client-lambda';
import type { NodeHttpHandler } from '@smithy/node-http-handler';
import pThrottle from 'p-throttle';
import { kinesisClient, observed } from '../../../shared/lambda/clients.ts';
import type { FoundReader, FoundReaders } from './access-source.ts';
import { type Answer, ask } from './answer.ts';

/** What Firehose allows an account in a Region. */
const DELIVERY_STREAMS_PER_SECOND = 5;
/** For all delivery streams of an account: those of the rest stay unknown. */
const DELIVERY_STREAMS_MS = 10_000;

/** Ends calls that are on their way. */
interface Ended {
  ended: AbortSignal;
}

interface ReaderFinder {
  find: (streamArn: string) => Promise<FoundReaders>;
  destroy: () => void;
}

/**
 * Finds the functions, delivery streams and consumers that read a stream.
 *
 * @param signal ends what is on its way
 */
export function readerFinder(
  config: { requestHandler: NodeHttpHandler; maxAttempts: number },
  signal: AbortSignal,
): ReaderFinder {
  const lambda = observed(new LambdaClient(config));
  const firehose = observed(new FirehoseClient(config));
  const kinesis = kinesisClient({ maxAttempts: config.maxAttempts });
  const options = { ended: signal };
  let delivery: Promise<DeliveryReaders> | undefined;
  return {
    find: async (streamArn) => {
      // The same delivery streams for every stream of the account.
      delivery ??= deliveryReaders(firehose, options);
      const [functions, deliveries, fanOut] = await Promise.all([
        functionReaders(lambda, streamArn, options),
        delivery,
        fanOutConsumers(kinesis, streamArn, options),
      ]);
      return {
        readers: [
          ...functions.readers,
          ...deliveries.readers.filter((each) => each.streamArn === streamArn),
        ].map(({ roleArn, source }) => ({ roleArn, source })),
        notChecked: [
          ...functions.notChecked,
          ...deliveries.notChecked,
          ...fanOut,
        ],
      };
    },
    destroy: () => {
      for (const client of [lambda, firehose, kinesis]) client.destroy();
    },
  };
}

/** @see https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html */
async function functionReaders(
  client: LambdaClient,
  EventSourceArn: string,
  options: Ended,
): Promise<FoundReaders> {
  const mapped = await ask(
    'lambda:ListEventSourceMappings on *',
    async (abortSignal) => {
      const names: string[] = [];
      const pages = paginateListEventSourceMappings(
        { client },
        { EventSourceArn },
        { abortSignal },
      );
      for await (const { EventSourceMappings = [] } of pages) {
        names.push(
          ...EventSourceMappings.flatMap((one) => one.FunctionArn ?? []),
        );
      }
      return [...new Set(names)];
    },
    options,
  );
  if ('why' in mapped) {
    return unknown(`Lambda functions that read it: ${mapped.why}`);
  }
  const found = await Promise.all(
    mapped.value.map(async (functionArn) => ({
      source: `Lambda function ${functionArn.split(':')[6] ?? functionArn}`,
      role: await roleOfFunction(client, functionArn, options),
    })),
  );
  return {
    readers: found.flatMap(({ source, role }) =>
      'value' in role ? [{ roleArn: role.value, source }] : [],
    ),
    notChecked: found.flatMap(({ source, role }) =>
      'why' in role ? [`${source}: ${role.why}`] : [],
    ),
  };
}

/** @see https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html */
function roleOfFunction(
  client: LambdaClient,
  FunctionName: string,
  options: Ended,
): Promise<Answer<string>> {
  const right = `lambda:GetFunctionConfiguration on ${FunctionName}`;
  return ask(
    right,
    async (abortSignal) => {
      const { Role } = await client.send(
        new GetFunctionConfigurationCommand({ FunctionName }),
        { abortSignal },
      );
      if (Role === undefined) throw new Error('it answered without a role');
      return Role;
    },
    options,
  );
}

interface DeliveryReaders {
  readers: (FoundReader & { streamArn: string })[];
  notChecked: string[];
}

/** @see https://docs.aws.amazon.com/firehose/latest/APIReference/API_DescribeDeliveryStream.html */
async function deliveryReaders(
  client: FirehoseClient,
  options: Ended,
): Promise<DeliveryReaders> {
  const deadline = AbortSignal.any([
    options.ended,
    AbortSignal.timeout(DELIVERY_STREAMS_MS),
  ]);
  const listed = await ask(
    'firehose:ListDeliveryStreams on *',
    (signal) => listDeliveryStreams(client, signal),
    options,
  );
  if ('why' in listed) {
    return unknown(`Firehose streams that read it: ${listed.why}`);
  }
  const describe = pThrottle({
    limit: DELIVERY_STREAMS_PER_SECOND,
    interval: 1000,
    signal: deadline,
  })((name: string) =>
    ask(
      `firehose:DescribeDeliveryStream on ${name}`,
      async (abortSignal) => {
        const { DeliveryStreamDescription: described } = await client.send(
          new DescribeDeliveryStreamCommand({ DeliveryStreamName: name }),
          { abortSignal },
        );
        return described?.Source?.KinesisStreamSourceDescription;
      },
      options,
    ),
  );
  const answers = await Promise.all(
    listed.value.map(async (name) => ({
      source: `Firehose stream ${name}`,
      answer: await describe(name).catch(() => ({
        why: `not described within ${DELIVERY_STREAMS_MS / 1000} s`,
      })),
    })),
  );
  return {
    readers: answers.flatMap(({ source, answer }) => {
      const { KinesisStreamARN: streamArn, RoleARN: roleArn } =
        ('value' in answer && answer.value) || {};
      return streamArn && roleArn ? [{ source, streamArn, roleArn }] : [];
    }),
    notChecked: unknownDeliveries(answers),
  };
}

/** One line for each reason: an account has up to thousands. */
function unknownDeliveries(
  answers: readonly { source: string; answer: Answer<unknown> }[],
): string[] {
  const unclear = answers.flatMap(({ source, answer }) =>
    'why' in answer ? [{ source, why: answer.why }] : [],
  );
  const [first, ...others] = unclear;
  if (first === undefined) return [];
  const more = others.length > 0 ? ` and ${others.length} others` : '';
  return [`${first.source}${more}: ${first.why}`];
}

async function listDeliveryStreams(
  client: FirehoseClient,
  abortSignal: AbortSignal,
): Promise<string[]> {
  const names: string[] = [];
  let isMore = true;
  while (isMore) {
    const { DeliveryStreamNames = [], HasMoreDeliveryStreams } =
      await client.send(
        new ListDeliveryStreamsCommand({
          DeliveryStreamType: 'KinesisStreamAsSource',
          Limit: 100,
          ...(names.length > 0 && {
            ExclusiveStartDeliveryStreamName: names.at(-1),
          }),
        }),
        { abortSignal },
      );
    names.push(...DeliveryStreamNames);
    isMore = HasMoreDeliveryStreams === true && DeliveryStreamNames.length > 0;
  }
  return names;
}

/**
 * Kinesis knows enhanced fan-out consumers by name, and not whose they are.
 *
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreamConsumers.html
 */
async function fanOutConsumers(
  kinesis: ReturnType<typeof kinesisClient>,
  StreamARN: string,
  options: Ended,
): Promise<string[]> {
  const listed = await ask(
    `kinesis:ListStreamConsumers on ${StreamARN}`,
    async (abortSignal) => {
      const names: string[] = [];
      let NextToken: string | undefined;
      do {
        const page = await kinesis.send(
          new ListStreamConsumersCommand({ StreamARN, NextToken }),
          { abortSignal },
        );
        names.push(
          ...(page.Consumers ?? []).flatMap((one) => one.ConsumerName ?? []),
        );
        NextToken = page.NextToken;
      } while (NextToken !== undefined);
      return names;
    },
    options,
  );
  if ('why' in listed) return [`enhanced fan-out consumers: ${listed.why}`];
  if (listed.value.length === 0) return [];
  return [
    `enhanced fan-out ${listed.value.length === 1 ? 'consumer' : 'consumers'} ${listed.value.join(', ')}: Kinesis does not name their roles; list them in Readers`,
  ];
}

const unknown = (line: string) => ({ readers: [], notChecked: [line] });
