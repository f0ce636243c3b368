/** The official SDKs for Node, unmodified, through a gateway to the stand-in: every pair of APIs, every case. */
import { testMatrix } from './matrix.ts';
import { nodeProgram } from './sdk-client.ts';

const programs = {
  openai: 'openai-chat',
  'openai-responses': 'openai-responses',
  anthropic: 'anthropic',
  google: 'google',
  'bedrock-converse': 'bedrock',
  'azure-openai': 'openai-chat',
} as const;

testMatrix('node', (api) => nodeProgram(programs[api]));
