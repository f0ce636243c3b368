/** The official SDKs for Python, unmodified, through a gateway to the stand-in: every pair of APIs, every case. */
import { beforeAll } from 'vitest';
import { testMatrix } from './matrix.ts';
import { providePython, pythonProgram } from './python-sdks.ts';

const programs = {
  openai: 'openai_chat',
  'openai-responses': 'openai_responses',
  anthropic: 'anthropic_messages',
  google: 'google_generate',
  'bedrock-converse': 'bedrock_converse',
  'azure-openai': 'openai_chat',
} as const;

let python = '';
beforeAll(async () => {
  python = await providePython();
}, 900_000);

testMatrix('python', (api) => pythonProgram(python, programs[api]));
