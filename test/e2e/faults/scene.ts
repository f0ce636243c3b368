/** The platform, its stand-in provider and the event stream, as a run of the matrix sees them. */
import type { NatsConnection } from 'nats';
import { vi } from 'vitest';
import {
  invocationStream,
  invocationSubject,
  isTerminal,
  type Invocation,
  type InvocationWriter,
} from '../../../contract/index.ts';
import type { Exchange, RunningProvider } from '../../../examples/provider/index.ts';
import { namespace, shellAgent } from '../agents.ts';
import { DevPlatform } from '../dev-platform.ts';

export const agent = 'staged';

/**
 * Asks the provider twice, the second time after it has begun to answer, and fails where it gets no answer. Of its input
 * it takes the id of its own call, so that what the provider hears can be told apart.
 */
const script = `
id=$(grep -oE '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}' | head -1)
ask() {
  curl -sS -f -o /dev/null --max-time 25 -H 'Content-Type: application/json' -H 'Authorization: Bearer placeholder' \\
    -d "{\\"model\\":\\"gpt-4o-mini\\",\\"messages\\":[{\\"role\\":\\"user\\",\\"content\\":\\"$1 $id\\"}]}" \\
    https://api.openai.com/v1/chat/completions || exit 7
}
ask running
echo begun
ask answering
echo done
`;

const patience = { timeout: 30_000, interval: 5 };

export class Scene implements AsyncDisposable {
  readonly platform: DevPlatform;
  readonly provider: RunningProvider;
  readonly #nats: NatsConnection;

  private constructor(platform: DevPlatform, provider: RunningProvider, nats: NatsConnection) {
    this.platform = platform;
    this.provider = provider;
    this.#nats = nats;
  }

  static async open(): Promise<Scene> {
    const platform = await DevPlatform.open();
    const provider = await platform.provider();
    await platform.agents(shellAgent(agent, script, { timeout: '30s' }));
    return new Scene(platform, provider, await platform.nats());
  }

  /** Resolves once the stream holds such an event of the call, as the last its writer said of the agent. */
  async stored(id: string, writer: InvocationWriter, is: (phase: string) => boolean): Promise<void> {
    const about = { metadata: { namespace }, spec: { parentRef: { kind: 'TaskAgent', name: agent } } };
    const subject = invocationSubject(about as Invocation, writer);
    const { streams } = await this.#nats.jetstreamManager({ checkAPI: false });
    await vi.waitFor(async () => {
      const message = await streams.getMessage(invocationStream.name, { last_by_subj: subject });
      const { metadata, status } = message.json<Invocation>();
      if (metadata.name !== id || !is(status.phase)) throw new Error(`${id}: ${status.phase}`);
    }, patience);
  }

  ended(id: string): Promise<void> {
    return this.stored(id, { pool: 'default' }, isTerminal);
  }

  /** What the provider was asked for by this call. */
  asked(id: string): readonly Exchange[] {
    return this.provider.received().filter(({ body }) => body.includes(id));
  }

  async askedFor(stage: string, id: string): Promise<void> {
    await vi.waitFor(() => {
      if (!this.asked(id).some(({ body }) => body.includes(stage))) throw new Error(`${stage} not asked`);
    }, patience);
  }

  /** From the next request on the provider answers nobody, until this is called. */
  hold(): () => void {
    let release: () => void = () => undefined;
    const until = new Promise<void>((resolve) => (release = resolve));
    this.provider.setFault({ until });
    return () => {
      this.provider.setFault(undefined);
      release();
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#nats.close();
    await this.provider.close();
    await this.platform[Symbol.asyncDispose]();
  }
}
