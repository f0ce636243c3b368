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
   * @default 443, and 80 where scheme is http
   */
  readonly port?: number;
  /**
   * `http` for a server in the cluster that has no TLS: it is dialled at private addresses alone, and never with a credential.
   *
   * @default https
   */
  readonly scheme?: 'https' | 'http';
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

const defaultPort = ({ scheme }: BackendProps): number => (scheme === 'http' ? 80 : 443);

/**
 * A host that speaks a provider's API, or any other that rules of routes send to. It never carries a key; a Credential on
 * the route does.
 *
 * @example
 * ```ts
 * const backend = new Backend(chart, 'local', { schema: 'openai', host: 'llm.example.com' });
 * gateway.allowProvider('openai', { backends: [{ backend }] });
 *
 * // In the cluster without TLS, at an address that the gateway opens.
 * const ollama = new Backend(chart, 'ollama', { schema: 'openai', scheme: 'http', host: 'ollama.models.svc', port: 11434 });
 * gateway.allowCidrs(['10.96.0.0/12'], { ports: [11434] });
 * gateway.allowProvider('custom', { backends: [{ backend: ollama }] });
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
    const { host, port = defaultPort(props) } = props;
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
    const { schema, host, scheme, port = defaultPort(this.#props), ensureStreamUsage } = this.#props;
    return present({
      type: 'Upstream' as const,
      schema: schema && { name: schema },
      upstream: present({ host, port, scheme }),
      modelRewrites: this.#rewrites.length > 0 ? [...this.#rewrites] : undefined,
      bodyMutation: ensureStreamUsage === undefined ? undefined : { ensureStreamUsage },
    });
  }
}
