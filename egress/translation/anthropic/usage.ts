/** Usage of messages, whose input excludes what was read from and written to the cache. Pure. */
import { asObject, type JsonObject } from '../../providers/index.ts';
import type { Usage } from '../form.ts';

function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

/** As told so far, over one or more reports: totals are made of all of them. */
export class UsageSum {
  #uncached: number | undefined;
  #cacheRead: number | undefined;
  #cacheCreation: number | undefined;
  #output: number | undefined;
  #reasoning: number | undefined;

  /** undefined: it is no report. */
  add(value: unknown): Usage | undefined {
    const usage = asObject(value);
    if (usage === undefined) return undefined;
    this.#uncached = countOf(usage['input_tokens']) ?? this.#uncached;
    this.#cacheRead = countOf(usage['cache_read_input_tokens']) ?? this.#cacheRead;
    this.#cacheCreation = countOf(usage['cache_creation_input_tokens']) ?? this.#cacheCreation;
    this.#output = countOf(usage['output_tokens']) ?? this.#output;
    this.#reasoning =
      countOf(asObject(usage['output_tokens_details'])?.['thinking_tokens']) ?? this.#reasoning;
    return this.#total;
  }

  get #total(): Usage {
    const cached = (this.#cacheRead ?? 0) + (this.#cacheCreation ?? 0);
    return {
      input: this.#uncached === undefined ? undefined : this.#uncached + cached,
      output: this.#output,
      cacheRead: this.#cacheRead,
      cacheCreation: this.#cacheCreation,
      reasoning: this.#reasoning,
    };
  }
}

export function writeUsage({
  input = 0,
  output = 0,
  cacheRead,
  cacheCreation,
  reasoning,
}: Usage): JsonObject {
  const cached = (cacheRead ?? 0) + (cacheCreation ?? 0);
  return {
    input_tokens: Math.max(0, input - cached),
    cache_creation_input_tokens: cacheCreation ?? 0,
    cache_read_input_tokens: cacheRead ?? 0,
    output_tokens: output,
    ...(reasoning === undefined ? {} : { output_tokens_details: { thinking_tokens: reasoning } }),
  };
}
