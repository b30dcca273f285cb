/**
 * Tries a deployment on a stream of its own, in an account or on the embedded AWS, and
 * removes what it made.
 */
import { Command } from 'commander';
import { rowTable } from '../../cli/output/table.ts';
import { setUpAccount, type Undo } from './account.ts';
import { setUpEmbedded } from './embedded.ts';
import { planText, smokePlan } from './plan.ts';
import { type SmokeAws, STEPS, type Step } from './steps.ts';

const { region, stage, embedded, dryRun } = new Command('npm run smoke --')
  .description(
    'Tries a deployment on a stream of its own, and removes it again',
  )
  .option('--region <region>', 'the Region to try', process.env.AWS_REGION)
  .option('--stage <stage>', 'a stage that is not deployed yet', 'smoke')
  .option('--embedded', 'on an embedded AWS, as far as that goes')
  .option('--dry-run', 'only say what it does, and what that costs')
  .parse()
  .opts();

const say = (line: string) => void process.stderr.write(`${line}\n`);
const undos: Undo[] = [];

/** What a step proved, or why not. */
async function outcomeOf(step: Step, aws: SmokeAws, failed: boolean) {
  if (failed) return ['not tried', ''];
  if (step.needsAccount && aws.isEmbedded) return ['not shown here', ''];
  try {
    return ['proved', await step.run(aws, plan)];
  } catch (error) {
    return ['FAILED', (error as Error).message];
  }
}

async function trySteps(aws: SmokeAws): Promise<boolean> {
  const rows: string[][] = [];
  let failed = false;
  for (const step of STEPS) {
    say(step.name);
    const [result = '', proof = ''] = await outcomeOf(step, aws, failed);
    failed ||= result === 'FAILED';
    rows.push([result, step.name, proof]);
  }
  process.stdout.write(`${rowTable(['Result', 'It', 'Proof'], rows)}\n`);
  return !failed;
}

/** Once, although a signal may come while it goes on. */
let removal: Promise<void> | undefined;
const removeAll = () => (removal ??= removeEach());

/** In the reverse order, whatever fails. */
async function removeEach(): Promise<void> {
  for (let last = undos.pop(); last !== undefined; last = undos.pop()) {
    const { what, undo } = last;
    say(`Removing ${what}`);
    await undo().catch((error: Error) => {
      say(`${what} could not be removed: ${error.message}`);
      process.exitCode = 1;
    });
  }
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => {
    say(`${signal}: removing what was made`);
    removeAll().finally(() => process.exit(code));
  });
}

const plan = smokePlan(stage, region ?? (embedded ? 'us-east-1' : ''));
if (plan.region === '') {
  say('No Region is given; give --region, or AWS_REGION');
  process.exitCode = 1;
} else if (dryRun) {
  const steps = STEPS.map(({ name }) => name);
  process.stdout.write(planText(plan, steps));
} else {
  try {
    const aws = embedded
      ? await setUpEmbedded(plan, undos)
      : await setUpAccount(plan, undos, say);
    if (!(await trySteps(aws))) process.exitCode = 1;
  } catch (error) {
    say((error as Error).message);
    process.exitCode = 1;
  } finally {
    await removeAll();
  }
}
