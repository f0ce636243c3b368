/**
 * Which API a path speaks, whoever's host it is on: providers offer each other's (Google and Anthropic have OpenAI's chat
 * completions, Azure and Bedrock have both). Pure. Apart because the host says who serves and is paid, the path says how its
 * bodies are to be read.
 */
import type { ProviderCodec } from './codec.ts';

/** Those that others offer too. Of both the model is in the body: a path never names a model for a host that is not its own. */
export type Api = 'openai' | 'anthropic';

/** The end of a path, of its segments; the first that fits. */
const endings: ReadonlyArray<readonly [RegExp, Api]> = [
  [/\/(?:chat\/completions|completions|responses|embeddings)$/, 'openai'],
  [/\/v1\/messages$/, 'anthropic'],
];

/** undefined: no inference that we know. */
export function apiOfPath(path: string): Api | undefined {
  return endings.find(([ending]) => ending.test(path))?.[1];
}

/** The path as the API's own host has it: `/v1beta/openai/chat/completions` is `/v1/chat/completions`. */
function ownPath(api: Api, path: string): string {
  if (api !== 'openai') return path;
  return path.replace(/^.*?(\/(?:chat\/completions|completions|responses|embeddings))$/, '/v1$1');
}

/** Bodies and errors of `spoken`, paid to and named as `host`. */
export function speak(host: ProviderCodec, spoken: ProviderCodec, api: Api): ProviderCodec {
  return {
    provider: host.provider,
    genAiName: host.genAiName,
    system: host.system,
    priceId: host.priceId,
    operation: (method, path) => spoken.operation(method, ownPath(api, path)),
    factsOfPath: () => ({}),
    readRequest: (body, facts) => spoken.readRequest(body, facts),
    responseShape: spoken.responseShape,
    readResponse: (body, facts) => spoken.readResponse(body, facts),
    renderError: (status, code, message) => spoken.renderError(status, code, message),
  };
}
