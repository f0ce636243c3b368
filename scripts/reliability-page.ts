/**
 * docs/reliability.md: what becomes of a call when a process is killed at one of its steps, as the last run of test/e2e/faults saw it
 * (`npm run faults` runs it and writes docs/reliability/matrix.json). Pure. The page claims nothing that was not seen.
 */

/** One field of the matrix. */
export interface FaultSeen {
  readonly process: string;
  readonly step: string;
  /** What the caller may believe. */
  readonly caller: string;
  /** Phase and reason of the one record. */
  readonly record: string;
  /** How often the provider was asked by the agent, which asks twice. */
  readonly asked: number;
}

const steps: Readonly<Record<string, string>> = {
  accepted: 'the front door has its head and a part of its body; its id is claimed in the stream',
  dispatched: 'it is on its way to a worker, which has not looked at it',
  running: 'the agent runs and waits for the provider; it has answered nothing',
  answering: 'the caller has the beginning of the answer; the agent waits for the provider again',
  finished:
    'the caller has the whole answer, and its end is in no stream yet: NATS is frozen before and killed in the same moment',
  recorded: 'its end is in the stream and not in the store: telemetry is frozen until the kill',
};

function fieldOf({ caller, record, asked }: FaultSeen): string {
  return `${caller}<br>${record}<br>asked ${asked}`;
}

function table(seen: readonly FaultSeen[]): string {
  const processes = [...new Set(seen.map(({ process }) => process))];
  const rows = processes.map((process) => {
    const fields = Object.keys(steps).map((step) => {
      const field = seen.find((each) => each.process === process && each.step === step);
      return field === undefined ? '' : fieldOf(field);
    });
    return `| ${process} | ${fields.join(' | ')} |`;
  });
  const names = Object.keys(steps);
  return [`| killed | ${names.join(' | ')} |`, `|---|${names.map(() => '---').join('|')}|`, ...rows].join(
    '\n',
  );
}

/** What can be read of the run at a glance. */
function figures(seen: readonly FaultSeen[]): string {
  const count = (is: (each: FaultSeen) => boolean): number => seen.filter(is).length;
  const whole = count(({ caller }) => caller === '200, whole');
  const lost = count(({ record }) => record === 'Failed, Lost');
  return `${seen.length} kills: ${whole} callers had their whole answer, ${seen.length - whole} were told that they had not. ${seen.length} records, one a call, each of one end; ${lost} of them ${lost === 1 ? 'says' : 'say'} only that the call was lost.`;
}

export function reliabilityPage(seen: readonly FaultSeen[]): string {
  const meanings = Object.entries(steps).map(([step, meaning]) => `- **${step}**: ${meaning}.`);
  return `<!-- Generated from docs/reliability/matrix.json by \`npm run generate\`. Do not edit. -->

# Reliability: what becomes of a call when a process dies

On the development platform (one of each role, real etcd, API server, NATS and ClickHouse engine) each process is killed with SIGKILL at each step of a call. The agent asks a provider through the gateway, begins to answer, asks again and ends its answer; it fails where it gets no answer from the provider. A step is known by what the world shows, an event in the stream, a request at the provider, bytes at the caller, and holds until the process is gone. Then everything must come back by itself and the next call go well.

${meanings.join('\n')}

${figures(seen)}

Each field: what the caller was told, what the record says, how often the provider was asked (never more than twice: nothing ran a second time).

${table(seen)}

## What the run demands of every field

- **One record, one end.** The stream holds one terminal event of every call, also of those made between the kills; the store has one row of it.
- **The truth.** Whoever has a whole answer has a record that says \`Succeeded\`; whoever was cut off or refused is told so by the status, a broken connection or the absence of the trailer \`x-clrk-exit-code: 0\`. His record says \`Failed\`, but for one case: where the ingress dies with the end of an answer on its way through it, the record says \`Succeeded\`, which the agent's run did, and nobody knows that the caller has only a part.
- **Nothing twice.** The provider is asked at most once for each question of the agent.
- **Recovery.** The next call of the agent goes well without anybody's help.

A worker that dies after it has answered and before the stream has its word leaves the ingress as the witness: fifteen seconds later it says how the answer ended, and of two words the stream keeps the first. When both are gone, telemetry closes the record as \`Failed, Lost\` half a minute past the call's deadline.

## Other faults, and where they are tried

| fault | what holds | test |
|---|---|---|
| NATS is killed while events are published | every acknowledged one is in the store, once | \`telemetry/durability\` |
| the store is killed under load, or is away | what was answered 200 is spooled on disk and inserted once; the spool is bounded, what is beyond is refused as retryable | \`telemetry/durability\`, \`telemetry/spool\`, \`telemetry/writer\` |
| a batch is inserted and its acknowledgement lost | repeated with its token it counts once | \`telemetry/durability\` |
| the disk under the spool is full | senders are told to come again; what was promised is kept; nothing half written stays | \`telemetry/disk-full\` |
| a spool file is damaged | it is set aside and counted, those behind it go on | \`telemetry/spool\` |
| the operator dies between any two writes | the next one converges to the same objects | \`operator/crash\` |
| an ingress dies around a due time, clocks step | every time that is due is fired once | \`ingress/one-fire\` |
| a worker is killed with running sandboxes | the next on its machine clears sandboxes, namespaces, mounts and cgroups | \`worker/life\` |
| every Deployment is replaced under 20 calls a second | nobody is told of what he could not safely repeat, and at most one in a hundred of anything but \`maxConcurrent\`; a call that lasts longer is not cut, every whole call has one record (decisions/081) | \`e2e/faults/rolling\` |
`;
}
