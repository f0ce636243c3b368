/**
 * A run's time in a sandbox: entered once, and everything of it given back once, however the run ends. What the sandbox sends
 * between is the run's; nothing of it is after. Apart from the runs because calls and daemons must not forget different parts.
 */
import type { Occupancy } from '../egress/occupancy.ts';
import type { Occupant } from '../egress/occupant.ts';
import type { MetadataServer } from '../metadata/metadata-server.ts';
import type { SandboxFactory } from '../sandbox/sandbox-factory.ts';
import type { WarmSandbox } from '../sandbox/warm-pool.ts';
import type { AdmittedInvocation } from './admitted-image.ts';

export interface SandboxStayOptions {
  readonly factory: SandboxFactory;
  readonly occupancy: Occupancy;
  readonly metadata: MetadataServer;
}

export class SandboxStay {
  readonly #options: SandboxStayOptions;
  #made: WarmSandbox | undefined;
  #occupant: Occupant | undefined;

  constructor(options: SandboxStayOptions) {
    this.#options = options;
  }

  /** Undefined before `enter` and after `release`. */
  get made(): WarmSandbox | undefined {
    return this.#made;
  }

  /** `traceparent`: of the run's span. */
  enter(made: WarmSandbox, run: AdmittedInvocation, traceparent: string): Occupant {
    const { agent, agentId, revision, invocationId } = run;
    const { standby } = made;
    this.#made = made;
    const occupant =
      standby?.occupant ??
      this.#options.occupancy.enter({
        sandboxId: made.sandbox.id,
        slot: made.slot,
        agent,
        agentId,
        revision: revision.name,
      });
    this.#occupant = occupant;
    (standby ?? occupant).begin({ invocationId, traceparent });
    return occupant;
  }

  /** The run has ended well. Resolves with the sandbox when it waits for another; else it is released. */
  async rest(): Promise<WarmSandbox | undefined> {
    const made = this.#made;
    const isFit = (await made?.standby?.rest()) ?? false;
    // Stopped meanwhile.
    if (this.#made !== made) return undefined;
    if (!isFit) {
      this.release();
      return undefined;
    }
    this.#made = undefined;
    this.#occupant = undefined;
    return made;
  }

  /** Safe to repeat. */
  release(): void {
    const made = this.#made;
    const occupant = this.#occupant;
    this.#made = undefined;
    this.#occupant = undefined;
    if (made !== undefined) this.#options.factory.clear(made.sandbox);
    if (made?.standby !== undefined) return made.standby.leave();
    if (occupant === undefined) return;
    this.#options.metadata.withdraw(occupant);
    this.#options.occupancy.leave(occupant);
  }
}
