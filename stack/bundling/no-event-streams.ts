/**
 * Of Kinesis's calls only SubscribeToShard streams events, and no function
 * makes it. serverless.yml puts this in the place of the SDK's event streams.
 *
 * @see https://docs.aws.amazon.com/kinesis/latest/APIReference/API_SubscribeToShard.html
 */
export const resolveEventStreamSerdeConfig = <Config>(config: Config) => config;

export function eventStreamSerdeProvider(): never {
  throw new Error(REASON);
}

export class EventStreamSerde {
  constructor() {
    throw new Error(REASON);
  }
}

const REASON = 'The bundles have no event streams; see stack/no-event-streams';
