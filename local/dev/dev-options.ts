/** What the `clrk dev` commands take. The CLI parses flags into these; nothing here reads argv. */
import type { Writable } from 'node:stream';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface DevBase {
  readonly environment: Environment;
  /** Results go here; progress and warnings go to stderr. */
  readonly stdout: Writable;
}

export interface DevOptions extends DevBase {
  /** An example to install, call and show: `hello` or `hello-shell`. */
  readonly example?: string;
  /** Stop after the example (or, without one, as soon as everything is ready). */
  readonly exit?: boolean;
  /** `openai` puts OPENAI_API_KEY into the Secret and uses the real provider. Default: the stand-in. */
  readonly provider?: 'stand-in' | 'openai';
  /** Another /24 than 198.51.100.0, for a second platform beside the first (tests). */
  readonly subnet?: string;
  readonly fixedPorts?: { readonly apiserver: number; readonly registry: number };
  /** Instead of `build/clrk.mjs` (tests). */
  readonly entryPoint?: readonly string[];
  /** Do not install CRDs and the platform's Deployments (tests of the control plane alone). */
  readonly bare?: boolean;
}

export type DevUpOptions = Omit<DevOptions, 'exit' | 'entryPoint' | 'bare' | 'subnet' | 'fixedPorts'>;

export interface DevStatusOptions extends DevBase {
  readonly json?: boolean;
}

export interface DevLogsOptions extends DevBase {
  /** A control-plane process, `dev`, or (the beginning of) a pod's name; absent: all. */
  readonly component?: string;
  readonly follow?: boolean;
}
