/**
 * A run's time in a sandbox: entered once, and everything of it given back once, however the run ends. What the sandbox sends
 * between is the run's; nothing of it is after. Apart from the runs because calls and daemons must not forget different parts.
 */
import type { Occupancy } from '../egress/occupancy.ts';
import type { Occupant } from '../egress/occupant.ts';
import type { MetadataServer } from '../metadata/metadata-server.ts';
import type { MadeSandbox, SandboxFactory } from '../sandbox/sandbox-factory.ts';
import type { AdmittedInvocation } from './admitted-image.ts';

export interface SandboxStayOptions {
  readonly factory: SandboxFactory;
  readonly occupancy: Occupancy;
  readonly metadata: MetadataServer;
}

export class SandboxStay {
  readonly #options: SandboxStayOptions;
  #made: MadeSandbox | undefined;
  #occupant: Occupant | undefined;

  constructor(options: SandboxStayOptions) {
    this.#options = options;
  }

  /** Undefined before `enter` and after `release`. */
  get made(): MadeSandbox | undefined {
    return this.#made;
  }

  /** `traceparent`: of the run's span. */
  enter(made: MadeSandbox, run: AdmittedInvocation, traceparent: string): Occupant {
    const { agent, agentId, revision, invocationId } = run;
    this.#made = made;
    const occupant = this.#options.occupancy.enter({
      sandboxId: made.sandbox.id,
      slot: made.slot,
      agent,
      agentId,
      revision: revision.name,
    });
    this.#occupant = occupant;
    occupant.begin({ invocationId, traceparent });
    return occupant;
  }

  /** Safe to repeat. */
  release(): void {
    const made = this.#made;
    const occupant = this.#occupant;
    this.#made = undefined;
    this.#occupant = undefined;
    if (made !== undefined) this.#options.factory.clear(made.sandbox);
    if (occupant === undefined) return;
    this.#options.metadata.withdraw(occupant);
    this.#options.occupancy.leave(occupant);
  }
}
