/**
 * Which MCP tools may be called. An immutable value: each method gives a new one with one more condition. What is not
 * allowed by name is not callable, and a denial always wins.
 */
import { present } from './custom-resource.ts';
import { durationText } from './duration-text.ts';
import type { Rate, RateScope } from './rate.ts';

interface ToolRate {
  tools?: string[];
  requests: number;
  window: string;
  scope?: Exclude<RateScope, 'PerGateway'>;
}

interface ArgumentRule {
  tools?: string[];
  action: 'Allow' | 'Deny';
  expression: string;
}

interface ToolPolicy {
  allowedTools?: string[];
  allowedToolsRegex?: string[];
  deniedTools?: string[];
  deniedToolsRegex?: string[];
  requireConfirmation?: string[];
  argumentRules?: ArgumentRule[];
  maxCallsPerExecution?: number;
  rateLimits?: ToolRate[];
}

// The CRD's own: a longer allowance cannot be had from several objects, each of which would have to allow.
const bounds = {
  allowedTools: 32,
  allowedToolsRegex: 16,
  deniedTools: 32,
  deniedToolsRegex: 16,
  requireConfirmation: 32,
  argumentRules: 8,
  rateLimits: 8,
} as const;

type Names = 'allowedTools' | 'allowedToolsRegex' | 'deniedTools' | 'deniedToolsRegex';

/**
 * Which tools of an MCP server may be called. Names are globs; a denial wins over an allowance.
 *
 * @example
 * ```ts
 * gateway.allowMcp('mcp.github.com', { tools: Tools.allow('search_*', 'get_*').deny('get_secret*') });
 * ```
 */
export class Tools {
  /** @internal */
  readonly spec: ToolPolicy;

  private constructor(spec: ToolPolicy) {
    for (const [field, most] of Object.entries(bounds)) {
      const count = spec[field as keyof typeof bounds]?.length ?? 0;
      if (count > most)
        throw new Error(`${field} has ${count} entries, at most ${most} fit; use a glob or a pattern`);
    }
    this.spec = spec;
  }

  /** @internal Whether something is counted for each rule of a manifest alone. */
  get isCounted(): boolean {
    const { maxCallsPerExecution, rateLimits = [] } = this.spec;
    return maxCallsPerExecution !== undefined || rateLimits.length > 0;
  }

  /**
   * Only these.
   *
   * @example
   * ```ts
   * Tools.allow('search_*', 'get_issue');
   * ```
   */
  static allow(...globs: readonly string[]): Tools {
    return new Tools({}).allow(...globs);
  }

  /**
   * All but these.
   *
   * @example
   * ```ts
   * Tools.deny('delete_*');
   * ```
   */
  static deny(...globs: readonly string[]): Tools {
    return new Tools({}).deny(...globs);
  }

  /**
   * The same, and these too.
   *
   * @example
   * ```ts
   * Tools.allow('search_*').allow('get_issue');
   * ```
   */
  allow(...globs: readonly string[]): Tools {
    return this.#add('allowedTools', globs);
  }

  /**
   * The same, without these.
   *
   * @example
   * ```ts
   * Tools.allow('get_*').deny('get_secret*');
   * ```
   */
  deny(...globs: readonly string[]): Tools {
    return this.#add('deniedTools', globs);
  }

  /**
   * The same, and those whose name holds a match of an RE2 expression.
   *
   * @example
   * ```ts
   * Tools.allow('search_*').allowMatching('^get_(issue|comment)$');
   * ```
   */
  allowMatching(...expressions: readonly string[]): Tools {
    return this.#add('allowedToolsRegex', expressions);
  }

  /**
   * The same, without those whose name holds a match of an RE2 expression.
   *
   * @example
   * ```ts
   * Tools.allow('*').denyMatching('^(delete|drop)_');
   * ```
   */
  denyMatching(...expressions: readonly string[]): Tools {
    return this.#add('deniedToolsRegex', expressions);
  }

  /**
   * The same, but a person must confirm each call of these.
   *
   * @example
   * ```ts
   * Tools.allow('*').confirm('merge_*');
   * ```
   */
  confirm(...globs: readonly string[]): Tools {
    const { requireConfirmation = [] } = this.spec;
    return new Tools({ ...this.spec, requireConfirmation: [...requireConfirmation, ...named(globs)] });
  }

  /**
   * The same, but these tools (or all, when none is named) are called only with arguments for which the expression holds: CEL of type
   * bool over `arguments`. Without an answer, such as of a member that is missing, a call is refused.
   *
   * @example
   * ```ts
   * Tools.allow('send_mail').where('arguments.to.all(x, x.endsWith("@example.com"))', 'send_mail');
   * ```
   */
  where(expression: string, ...globs: readonly string[]): Tools {
    return this.#ask('Allow', expression, globs);
  }

  /**
   * The same, but these tools (or all, when none is named) are not called with arguments for which the expression holds.
   *
   * @example
   * ```ts
   * Tools.allow('query').unless('arguments.sql.lowerAscii().contains("drop ")', 'query');
   * ```
   */
  unless(expression: string, ...globs: readonly string[]): Tools {
    return this.#ask('Deny', expression, globs);
  }

  /**
   * The same, with at most so many calls an execution, over all gateways of the namespace. What is more answers an error on its
   * id, so that the session goes on.
   *
   * @example
   * ```ts
   * Tools.allow('search_*').atMost(20);
   * ```
   */
  atMost(callsPerExecution: number): Tools {
    if (!Number.isSafeInteger(callsPerExecution) || callsPerExecution < 1) {
      throw new Error(`calls are a whole number above 0, not ${callsPerExecution}`);
    }
    return new Tools({ ...this.spec, maxCallsPerExecution: callsPerExecution });
  }

  /**
   * The same, with a rate for these tools together, or for all of them when none is named. Each message of a batch is a call.
   *
   * @example
   * ```ts
   * Tools.allow('*').limit(Rate.perMinute(10), 'search_*');
   * ```
   */
  limit(rate: Rate, ...globs: readonly string[]): Tools {
    const { requests, window, scope } = rate;
    if (scope === 'PerGateway') {
      throw new Error(
        'a rate of tools is counted for an agent, an execution or the route, not for a gateway',
      );
    }
    const tools = globs.length > 0 ? named(globs) : undefined;
    const limit: ToolRate = present({ tools, requests, window: durationText(window), scope });
    return new Tools({ ...this.spec, rateLimits: [...(this.spec.rateLimits ?? []), limit] });
  }

  #ask(action: 'Allow' | 'Deny', expression: string, globs: readonly string[]): Tools {
    if (expression === '' || expression.length > 1_024)
      throw new Error('an expression over arguments has 1 to 1024 characters');
    const tools = globs.length > 0 ? named(globs) : undefined;
    const rule: ArgumentRule = present({ tools, action, expression });
    return new Tools({ ...this.spec, argumentRules: [...(this.spec.argumentRules ?? []), rule] });
  }

  #add(field: Names, names: readonly string[]): Tools {
    return new Tools({ ...this.spec, [field]: [...(this.spec[field] ?? []), ...named(names)] });
  }
}

function named(names: readonly string[]): string[] {
  if (names.length === 0 || names.includes('')) throw new Error('name at least one tool, such as search_*');
  return [...names];
}
