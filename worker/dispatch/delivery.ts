/**
 * How a started agent gets its event and gives its answer: event on stdin and answer on stdout, or both over the
 * metadata service. Each returns how the run ended after the agent's process has; neither knows who cuts it.
 */
import { maxRequestBodyBytes, type CloudEvent } from '../../contract/index.ts';
import type { MetadataAnswer, Offer } from '../metadata/metadata-server.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { DispatchError } from './dispatch-error.ts';
import type { InvocationAnswer } from './invocation-answer.ts';
import type { Outcome } from './invocation-outcome.ts';
import type { InvocationTrail } from './invocation-trail.ts';

export interface Delivery {
  readonly sandbox: Sandbox;
  readonly event: CloudEvent;
  readonly answer: InvocationAnswer;
  readonly trail: InvocationTrail;
  /** Its process goes on after the answer. */
  readonly isResident: boolean;
  /** Logs what comes out of this stream in the run. */
  readonly follow: (stream: 'stdout' | 'stderr') => void;
  /** Throws when the run was cut: then the exit code says nothing about the agent. */
  readonly outcomeOf: (exitCode: number) => Outcome;
}

/** A Metadata agent has answered; this is its time to end by itself. */
const metadataGraceMs = 5_000;

export async function deliverOnStdin(delivery: Delivery): Promise<Outcome> {
  const { sandbox, event, answer, trail } = delivery;
  delivery.follow('stderr');
  const log = trail.openLog('stdout');
  let sawFirst = (): void => undefined;
  const first = new Promise<void>((resolve) => {
    sawFirst = resolve;
  });
  const output = answer.take(sandbox.stdout, (chunk) => {
    sawFirst();
    log.write(chunk);
  });
  output.catch(() => undefined);
  const delivered = new Promise<void>((resolve) => {
    sandbox.stdin.once('close', () => resolve());
    sandbox.stdin.end(JSON.stringify(event), () => resolve());
  });
  await Promise.race([delivered, first, sandbox.ended]);
  trail.clock.mark('deliver');
  await Promise.race([first, sandbox.ended]);
  trail.clock.mark('firstByte');
  const result = await output;
  const exitCode = await sandbox.ended;
  trail.clock.mark('wait');
  log.end();
  if (result === undefined) throw responseTooLarge();
  const outcome = delivery.outcomeOf(exitCode);
  if (Buffer.isBuffer(result)) answer.sendWrapped(event, { body: result }, outcome);
  else answer.endStreamed(outcome, result.bytes);
  return outcome;
}

function responseTooLarge(): DispatchError {
  return new DispatchError(
    'RESPONSE_TOO_LARGE',
    `the agent's output is over ${maxRequestBodyBytes} bytes, too much for one CloudEvent`,
    'Ask without `Accept: application/cloudevents+json`; plain output is streamed without a limit.',
  );
}

export async function deliverByMetadata(delivery: Delivery, { asked, answer }: Offer): Promise<Outcome> {
  const { sandbox, trail, isResident } = delivery;
  delivery.follow('stderr');
  delivery.follow('stdout');
  sandbox.stdin.end();
  await Promise.race([asked, sandbox.ended]);
  trail.clock.mark('boot');
  trail.clock.mark('deliver');
  const posted = await Promise.race([answer, sandbox.ended.then(() => undefined)]);
  trail.clock.mark('firstByte');
  if (posted === undefined) return endWithoutAnswer(delivery);
  if (isResident) {
    sendPosted(delivery, posted);
    return { phase: 'Succeeded' };
  }
  const grace = setTimeout(() => sandbox.kill(), metadataGraceMs);
  const ended = sandbox.ended.then(() => clearTimeout(grace));
  sendPosted(delivery, posted);
  await ended;
  trail.clock.mark('wait');
  return { phase: 'Succeeded' };
}

async function endWithoutAnswer({ sandbox, trail, answer, outcomeOf }: Delivery): Promise<Outcome> {
  const outcome = outcomeOf(await sandbox.ended);
  trail.clock.mark('wait');
  if (outcome.phase !== 'Succeeded') {
    answer.fail(outcome);
    return outcome;
  }
  throw new DispatchError(
    'NO_RESPONSE',
    'the agent ended without posting a response',
    'POST to $CLRK_METADATA_URL/response, or use delivery mode Stdin.',
  );
}

/** The answer does not wait for the agent's end, so it cannot carry an exit code. */
function sendPosted({ event, answer }: Delivery, posted: MetadataAnswer): void {
  const { contentType, body } = posted;
  const output = { body, ...(contentType === undefined ? {} : { contentType }) };
  if (answer.wrapped) answer.sendWrapped(event, output, { phase: 'Succeeded' });
  else answer.sendWhole(output, { phase: 'Succeeded' });
}
