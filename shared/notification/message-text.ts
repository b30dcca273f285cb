import { legible } from '../errors/text.ts';

/** SNS takes 100 characters of printable ASCII. */
const MAX_SUBJECT = 100;

/** Characters of a title. */
const MAX_TITLE = 250;

export type Fact = [name: string, value: string];

/** A message of the topics: one text for each kind of subscription. */
export interface TopicMessage {
  /** Of mail: at most 100 characters of printable ASCII. */
  Subject: string;
  /** For people who read mail. */
  Email: string;
  /** For chat: a custom notification of Amazon Q Developer. */
  Chat: object;
  /** For programs: what happened, as JSON. */
  Json: string;
}

interface MessageParts {
  title: string;
  /** May be empty. */
  text: string;
  facts: readonly Fact[];
  /** Facts for mail alone, after the others. */
  mailFacts: readonly Fact[];
  /** What to do next, in its order. */
  steps: readonly string[];
  streamName: string;
  stage: string;
  /** How chat groups the message. */
  metadata: {
    threadId: string;
    eventType: string;
    relatedResources: string[];
    additionalContext: object;
  };
  /** All of it, for programs. */
  detail: object;
}

/** Composes a message of the topics. */
export function compose({
  text,
  facts,
  mailFacts,
  steps,
  streamName,
  stage,
  metadata: { threadId, ...metadata },
  detail,
  ...parts
}: MessageParts): TopicMessage {
  const title = cut(parts.title, MAX_TITLE);
  return {
    Subject: toSubject(title),
    Email: mail(title, text, [...facts, ...mailFacts], steps),
    Chat: {
      version: '1.0',
      source: 'custom',
      content: {
        textType: 'client-markdown',
        title: markdown(title),
        description: [
          ...(text ? [markdown(text)] : []),
          ...facts.map(([name, value]) => `*${name}* ${markdown(value)}`),
        ].join('\n'),
        ...(steps.length > 0 && { nextSteps: steps.map(markdown) }),
        keywords: [markdown(streamName), stage],
      },
      metadata: { threadId, summary: markdown(title), ...metadata },
    },
    Json: JSON.stringify(detail),
  };
}

/** The subject of a mail, by its title. */
const toSubject = (title: string): string =>
  title.replace(/[^ -~]/g, '?').slice(0, MAX_SUBJECT);

/** The text of a mail: title, text, facts, and the next steps. */
function mail(
  title: string,
  text: string,
  facts: readonly Fact[],
  steps: readonly string[],
): string {
  const rows = facts.map(([name, value]) => `${name.padEnd(14)} ${value}`);
  const next = steps.map((step, at) => `${at + 1}. ${step}`);
  return [
    title,
    ...(text ? ['', text] : []),
    '',
    ...rows,
    ...(next.length > 0 ? ['', 'Next:', ...next] : []),
    '',
  ].join('\n');
}

/** One visible line of at most this number of characters. */
export function cut(text: string, most: number): string {
  const line = legible(text);
  return line.length > most
    ? `${line.slice(0, most - 3).toWellFormed()}...`
    : line;
}

/**
 * A text that chat shows as it is: no mention of a channel, no link. The platforms
 * read these three characters as entities.
 */
function markdown(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
