/** Amazon Bedrock's runtime: the path names the model, an ARN or an inference profile. */
import { modelOfPath, type OperationTable } from './operation.ts';

const modelPath =
  /^\/model\/([^/]+)\/(converse|converse-stream|invoke|invoke-with-response-stream|count-tokens)$/;

export const bedrockOperation: OperationTable = (method, path) => {
  const [, model, verb = ''] = modelPath.exec(path) ?? [];
  if (model === undefined || method !== 'POST') return undefined;
  return {
    name: verb === 'count-tokens' ? undefined : 'chat',
    shape: verb.startsWith('converse') ? 'bedrock-converse' : 'bedrock-invoke',
    model: modelOfPath(model),
    stream: verb.endsWith('stream'),
  };
};
