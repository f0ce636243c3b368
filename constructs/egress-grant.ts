/** What can be said with each `allow…` and `deny…` of a gateway. Apart from the gateway: types only, and many. */
import type { AIProviderMatch, AIProviderRule } from './ai-provider-route.ts';
import type { Credential } from './credential.ts';
import type { L4Match } from './egress-l4-route.ts';
import type { EgressHTTPOptions } from './egress-http-route.ts';
import type { Http } from './http.ts';
import type { MCPRule, ServerRequest } from './mcp-route.ts';
import type { Port } from './port.ts';

/** How a provider is opened. */
export interface AllowProviderOptions
  extends Omit<AIProviderMatch, 'provider'>, Omit<AIProviderRule, 'matches'> {
  /**
   * Put on every request to the provider.
   *
   * @default none: requests leave as the agent made them
   */
  readonly credential?: Credential;
}

/** How hosts are opened. */
export interface AllowOptions extends Omit<L4Match, 'hosts' | 'cidrs' | 'ports'> {
  /**
   * Destination ports.
   *
   * @default 443
   */
  readonly ports?: readonly (number | Port)[];
}

/** How addresses are opened. */
export interface AllowCidrsOptions extends Omit<AllowOptions, 'ports'> {
  /** Destination ports. */
  readonly ports: readonly (number | Port)[];
}

/** How an MCP server is opened. */
export interface AllowMcpOptions extends Omit<MCPRule, 'matches'> {
  /**
   * Put on every request to the server.
   *
   * @default none: requests leave as the agent made them
   */
  readonly credential?: Credential;
  /**
   * What the server may not ask of the agent: an answer of its model, input of its user, its directories, or anything else.
   *
   * @default it may ask for everything
   */
  readonly denyServerRequests?: readonly ServerRequest[];
}

/** Which HTTP calls to a host are opened. */
export interface AllowHttpOptions extends EgressHTTPOptions {
  /** Calls that pass; all others are refused. */
  readonly rules: readonly Http[];
  /**
   * Put on the calls that the rules take.
   *
   * @default none: requests leave as the agent made them
   */
  readonly credential?: Credential;
}

/** Which calls of a provider are denied. */
export interface DenyProviderOptions extends Omit<AIProviderMatch, 'provider'> {}

/** How hosts are denied. */
export interface DenyOptions {
  /**
   * Destination ports.
   *
   * @default every port
   */
  readonly ports?: readonly (number | Port)[];
}
