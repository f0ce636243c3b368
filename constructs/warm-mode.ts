/** Which ways of keeping sandboxes warm go with what else an agent says: the CRD's rules, told where the agent is written. */
import { Duration } from 'cdk8s';
import type { TaskAgentProps } from './task-agent.ts';

const least = Duration.seconds(1);
const most = Duration.hours(168);

type Props = Pick<TaskAgentProps, 'warmPoolMode' | 'warmPoolSize' | 'reuse' | 'state' | 'delivery'>;

function reuseProblem({ warmPoolMode, reuse }: Props): string | undefined {
  if (reuse === undefined) return undefined;
  if (warmPoolMode !== 'Resident') return 'reuse is of warmPoolMode Resident alone';
  if (reuse.maxRuns === 0) return 'reuse.maxRuns must be at least 1';
  const ageMs = (reuse.maxAge ?? least).toMilliseconds();
  const isWithin = ageMs >= least.toMilliseconds() && ageMs <= most.toMilliseconds();
  return isWithin ? undefined : 'reuse.maxAge must be of 1s to 168h';
}

function deliveryProblem({ warmPoolMode, delivery }: Props): string | undefined {
  if (warmPoolMode === 'Resident' && delivery !== 'Metadata') {
    return 'warmPoolMode Resident needs delivery Metadata: standard input is read once';
  }
  if (warmPoolMode === 'Snapshot' && delivery === 'Metadata') {
    return 'warmPoolMode Snapshot needs delivery Stdin: no image carries a question that is held';
  }
  return undefined;
}

/** What the API server would refuse, or undefined. */
export function warmModeProblem(props: Props): string | undefined {
  const { warmPoolMode = 'Created', warmPoolSize = 0, state } = props;
  const problem = reuseProblem(props);
  if (problem !== undefined || warmPoolMode === 'Created') return problem;
  if (warmPoolSize === 0) return `warmPoolMode ${warmPoolMode} needs a warmPoolSize of at least 1`;
  if (state !== undefined)
    return 'state goes with warmPoolMode Created alone: an agent that waits would hold it open';
  return deliveryProblem(props);
}
