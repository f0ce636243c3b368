/** A Backend: a host that rules of routes send to. */
import type { Construct } from 'constructs';
import type { BackendSpec } from '../api/index.ts';
import { CustomResource, present, refuse, type INamed, type ResourceProps } from './custom-resource.ts';

/** A Backend made here or elsewhere. */
export interface IBackend extends INamed {
  readonly backend: true;
}

/** The API a backend speaks. */
export type BackendSchema = 'openai' | 'anthropic' | 'google' | 'azure-openai' | 'bedrock';

/** One renaming of models. */
export interface ModelRewrite {
  /** Glob over the model the agent asked for; the first that matches wins. */
  readonly from: string;
  /** The name the backend knows. */
  readonly to: string;
}

/** Properties of a Backend. */
export interface BackendProps extends ResourceProps {
  /**
   * The API it speaks, for AIProviderRoutes to send to.
   *
   * @default none: it is a place for other routes
   */
  readonly schema?: BackendSchema;
  /** One name or address, without scheme or port. */
  readonly host: string;
  /**
   * TCP port.
   *
   * @default 443
   */
  readonly port?: number;
  /**
   * Names its models by other names; more with addModelRewrite.
   *
   * @default names stay
   */
  readonly modelRewrites?: readonly ModelRewrite[];
  /**
   * Asks OpenAI-shaped upstreams for token numbers in streams.
   *
   * @default false
   */
  readonly ensureStreamUsage?: boolean;
}

/**
 * A host that speaks a provider's API, or any other that rules of routes send to. It never carries a key; a Credential on
 * the route does.
 *
 * @example
 * ```ts
 * const backend = new Backend(chart, 'local', { schema: 'openai', host: 'llm.example.com' });
 * gateway.allowProvider('openai', { backends: [{ backend }] });
 * ```
 */
export class Backend extends CustomResource implements IBackend {
  readonly backend = true;
  readonly #props: BackendProps;
  readonly #rewrites: ModelRewrite[];

  /**
   * A backend that somebody else makes.
   *
   * @example
   * ```ts
   * gateway.allowProvider('openai', { backends: [{ backend: Backend.fromName('shared') }] });
   * ```
   */
  static fromName(name: string, namespace?: string): IBackend {
    return { name, namespace, backend: true };
  }

  constructor(scope: Construct, id: string, props: BackendProps) {
    super(scope, id, 'Backend', props);
    this.#props = props;
    this.#rewrites = [...(props.modelRewrites ?? [])];
    const { host, port = 443 } = props;
    if (host === '' || /[/:*\s]/.test(host))
      refuse(this, `host "${host}" must be one name, without scheme or port`);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      refuse(this, `port ${port} must be a whole number from 1 to 65535`);
    }
  }

  /**
   * One more renaming, tried after those that are there.
   *
   * @example
   * ```ts
   * const backend = new Backend(chart, 'local', { schema: 'openai', host: 'llm.example.com' });
   * backend.addModelRewrite('gpt-4o*', 'llama-3.3-70b');
   * ```
   */
  addModelRewrite(from: string, to: string): void {
    this.#rewrites.push({ from, to });
  }

  /** @internal */
  protected override toSpec(): BackendSpec {
    const { schema, host, port = 443, ensureStreamUsage } = this.#props;
    return present({
      type: 'Upstream' as const,
      schema: schema && { name: schema },
      upstream: { host, port },
      modelRewrites: this.#rewrites.length > 0 ? [...this.#rewrites] : undefined,
      bodyMutation: ensureStreamUsage === undefined ? undefined : { ensureStreamUsage },
    });
  }
}
