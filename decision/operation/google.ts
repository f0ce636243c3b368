/** Google: the Gemini API, where the path names the model, and the OpenAI-shaped API below `/v1beta/openai`. */
import { isReading, modelOfPath, openaiBelow, type Operation, type OperationTable } from './operation.ts';

const modelPath = /^\/v1(?:beta|alpha)?\/(?:models|tunedModels)\/([^/:]+)(?::([A-Za-z]+))?$/;
const verbs: ReadonlyMap<string, Operation['name']> = new Map<string, Operation['name']>([
  ['generateContent', 'generate_content'],
  ['streamGenerateContent', 'generate_content'],
  ['embedContent', 'embeddings'],
  ['batchEmbedContents', 'embeddings'],
  ['countTokens', undefined],
]);
const compatible = ['/v1beta/openai', '/v1/openai'].map(openaiBelow);

export const googleOperation: OperationTable = (method, path) => {
  const [, model, verb] = modelPath.exec(path) ?? [];
  if (model === undefined) {
    return compatible.map((table) => table(method, path)).find((found) => found !== undefined);
  }
  const known = verb === undefined ? isReading(method) : method === 'POST';
  // By whatever method: a server may be told another one beside it, and then runs the model that the path names.
  if (!known) return { name: undefined, shape: 'google', model: modelOfPath(model) };
  return {
    // A verb that is not in the list still runs the model its path names.
    name: verb === undefined ? undefined : verbs.get(verb),
    shape: 'google',
    model: modelOfPath(model),
    ...(verb === undefined ? {} : { stream: verb === 'streamGenerateContent' }),
    ...(verb === 'countTokens' ? { free: true } : {}),
  };
};
