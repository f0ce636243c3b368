/** A Backend: a host that speaks a provider's API, for an AIProviderRoute to send to. */
import type { Construct } from 'constructs';
import type { BackendSpec } from '../api/index.ts';
import { CustomResource, present, refuse, type INamed, type ResourceProps } from './custom-resource.ts';

export interface IBackend extends INamed {
  readonly backend: true;
}

export interface ModelRewrite {
  /** Glob over the model the agent asked for; the first that matches wins. */
  readonly from: string;
  readonly to: string;
}

export interface BackendProps extends ResourceProps {
  /** The API it speaks. */
  readonly schema: BackendSpec['schema']['name'];
  readonly host: string;
  /** @default 443 */
  readonly port?: number;
  readonly modelRewrites?: readonly ModelRewrite[];
  /** Asks OpenAI-shaped upstreams for token numbers in streams. @default false */
  readonly ensureStreamUsage?: boolean;
}

export class Backend extends CustomResource implements IBackend {
  readonly backend = true;
  readonly #props: BackendProps;
  readonly #rewrites: ModelRewrite[];

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
    if (!Number.isInteger(port) || port < 1 || port > 65_535) refuse(this, `port ${port} is none`);
  }

  addModelRewrite(from: string, to: string): void {
    this.#rewrites.push({ from, to });
  }

  protected override toSpec(): BackendSpec {
    const { schema, host, port = 443, ensureStreamUsage } = this.#props;
    return present({
      type: 'Upstream' as const,
      schema: { name: schema },
      upstream: { host, port },
      modelRewrites: this.#rewrites.length > 0 ? this.#rewrites : undefined,
      bodyMutation: ensureStreamUsage === undefined ? undefined : { ensureStreamUsage },
    });
  }
}
