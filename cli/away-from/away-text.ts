import type { AwayPlan } from './look.ts';

/** What a move away from a key leaves where it is, and what still needs a person. */
export function awayText({ AwayFrom, ...plan }: AwayPlan): string {
  const { KeyId, KeyArn, KeyState, Unknown } = AwayFrom;
  const state = KeyState ?? `not described by KMS (${Unknown})`;
  return [
    `Away from ${KeyId === KeyArn ? KeyId : `${KeyId}, ${KeyArn}`}: ${state}`,
    ...(plan.Moves.length === 0
      ? ['No stream of rotations.yml moves.']
      : [`Moves: ${plan.Moves.map(moveText).join(', ')}`]),
    ...plan.NoOtherKey.map(
      ({ StreamName, Reason }) =>
        `Stays under it: ${StreamName}, since no other key of its ring can be used: ${Reason}. Add a key to its ring and deploy`,
    ),
    ...plan.Unknown.map(
      ({ StreamName, Reason }) => `Unknown: ${StreamName}: ${Reason}`,
    ),
    ...(plan.NotUnderIt.length === 0
      ? []
      : [`Not under it: ${plan.NotUnderIt.map(reasonText).join(', ')}`]),
    ...notManagedText(plan),
    ...(plan.RingsWithIt.length === 0
      ? []
      : [
          `Warning: the rings of ${plan.RingsWithIt.join(', ')} have it, so a schedule may move the stream back. Remove it from rotations.yml and deploy`,
        ]),
  ].join('\n');
}

const moveText = ({ StreamName, KeyId }: AwayPlan['Moves'][number]) =>
  `${StreamName} to ${KeyId}`;

const reasonText = ({ StreamName, Reason }: AwayPlan['NotUnderIt'][number]) =>
  `${StreamName} (${Reason})`;

function notManagedText({
  NotManaged,
  NotManagedUnknown,
}: Pick<AwayPlan, 'NotManaged' | 'NotManagedUnknown'>): string[] {
  const names = NotManaged.map(({ StreamName }) => StreamName).join(', ');
  return [
    ...(names
      ? [
          `Warning: streams outside rotations.yml are under it and do not move: ${names}. Move each with aws kinesis start-stream-encryption, or list it in rotations.yml, deploy, and look again`,
        ]
      : []),
    ...NotManagedUnknown.map(({ StreamName, Reason }) =>
      StreamName === undefined
        ? `Warning: streams outside rotations.yml are unknown: ${Reason}`
        : `Warning: ${StreamName}, outside rotations.yml, is unknown: ${Reason}`,
    ),
  ];
}
