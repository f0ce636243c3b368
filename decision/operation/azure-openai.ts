/** Azure OpenAI: below a deployment the path names the model and a `model` in the body is ignored; the v1 API is OpenAI's. */
import { modelOfPath, openaiBelow, openaiOperation, type OperationTable } from './operation.ts';

const deploymentPath = /^\/openai\/deployments\/([^/]+)(\/.+)$/;
const tables = ['/openai/v1', '/openai'].map(openaiBelow);

export const azureOpenaiOperation: OperationTable = (method, path) => {
  const [, deployment, rest] = deploymentPath.exec(path) ?? [];
  if (deployment === undefined) {
    return tables.map((table) => table(method, path)).find((found) => found !== undefined);
  }
  const known = method === 'POST' ? openaiOperation(method, rest ?? '') : undefined;
  // Whatever is done below a deployment is done by its model.
  return { name: known?.name, shape: 'openai', model: modelOfPath(deployment) };
};
