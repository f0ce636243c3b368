/** What a server of chat completions calls the most an answer may hold. Pure. */

/**
 * Reasoning models of OpenAI refuse `max_tokens`; servers that only speak like OpenAI know no other. `schema`: of the Backend, or of
 * the provider that is called.
 */
export function chatLimitName(schema: string | undefined): 'max_completion_tokens' | 'max_tokens' {
  return schema === 'openai' || schema === 'azure-openai' ? 'max_completion_tokens' : 'max_tokens';
}
