/** The form as a request of generateContent or streamGenerateContent. Pure. */
import type { JsonObject } from '../../providers/index.ts';
import type { Result, WrittenRequest } from '../codec.ts';
import type { FormRequest, Thinking, ToolChoice } from '../form.ts';
import { Notes } from '../notes.ts';
import { compact } from '../json.ts';
import { PartWriter } from './part-writer.ts';
import { writePlace } from './path.ts';

/** These take a budget, not a level. */
const budgeted = /(?:^|[/.-])gemini-[12][.-]/;
/** What Google itself makes of an effort, for those. */
const budgets = { minimal: 1_024, low: 1_024, medium: 8_192, high: 24_576 } as const;

function writeThinking(thinking: Thinking | undefined, model: string): JsonObject | undefined {
  if (thinking === undefined) return undefined;
  if (thinking.kind === 'off') return { thinkingBudget: 0 };
  if (thinking.kind === 'budget') return { includeThoughts: true, thinkingBudget: thinking.tokens };
  const { effort } = thinking;
  return budgeted.test(model)
    ? { includeThoughts: true, thinkingBudget: budgets[effort] }
    : { includeThoughts: true, thinkingLevel: effort.toUpperCase() };
}

function writeFormat({ responseFormat }: FormRequest): JsonObject {
  if (responseFormat === undefined) return {};
  const responseMimeType = 'application/json';
  return responseFormat.kind === 'json'
    ? { responseMimeType }
    : { responseMimeType, responseJsonSchema: responseFormat.schema };
}

function writeChoice(choice: ToolChoice): JsonObject {
  switch (choice.kind) {
    case 'auto':
      return { mode: 'AUTO' };
    case 'none':
      return { mode: 'NONE' };
    case 'any':
      return { mode: 'ANY' };
    case 'tool':
      return { mode: 'ANY', allowedFunctionNames: [choice.name] };
  }
}

function writeTools({ tools, toolChoice }: FormRequest): JsonObject {
  if (tools.length === 0) return {};
  const functionDeclarations = tools.map(({ name, description, parameters }) =>
    compact({ name, description, parametersJsonSchema: parameters }),
  );
  const toolConfig = toolChoice && { functionCallingConfig: writeChoice(toolChoice) };
  return { tools: [{ functionDeclarations }], toolConfig };
}

function writeGeneration(request: FormRequest): JsonObject | undefined {
  const config = compact({
    maxOutputTokens: request.maxOutputTokens,
    temperature: request.temperature,
    topP: request.topP,
    topK: request.topK,
    stopSequences: request.stop.length === 0 ? undefined : request.stop,
    seed: request.seed,
    presencePenalty: request.presencePenalty,
    frequencyPenalty: request.frequencyPenalty,
    ...writeFormat(request),
    thinkingConfig: writeThinking(request.thinking, request.model),
  });
  return Object.keys(config).length === 0 ? undefined : config;
}

function note(request: FormRequest, notes: Notes): void {
  if (request.model === '') notes.block('model', 'is missing');
  if (request.parallelToolCalls === false && request.tools.length > 0) {
    notes.block('parallelToolCalls', 'cannot be switched off at Google');
  }
  if (request.tools.some(({ strict }) => strict === true)) notes.drop('tools[].strict');
  if (request.user !== undefined) notes.drop('user');
}

export function writeGoogleRequest(request: FormRequest, base: string): Result<WrittenRequest> {
  const notes = new Notes();
  note(request, notes);
  const system = request.system.filter(({ text }) => text !== '').map(({ text }) => ({ text }));
  const body = compact({
    systemInstruction: system.length === 0 ? undefined : { parts: system },
    contents: new PartWriter(request.messages, request.model, notes).writeAll(request.messages),
    ...writeTools(request),
    generationConfig: writeGeneration(request),
  });
  return notes.resultOf({ ...writePlace(request, base), body, fields: [] });
}
