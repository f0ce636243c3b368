/** A client program's other half: reads asks, writes results, line by line. The SDK's own exceptions are results. */
import { createInterface } from 'node:readline';
import type { SdkAsk, SdkResult } from '../sdk-ask.ts';

/** What is known so far, so that an exception can tell what had come. */
export interface Progress {
  text: string;
  calls: Array<{ name: string; arguments: unknown }>;
  usage?: { input: number; output: number } | undefined;
}

function statusOf(error: object): number | undefined {
  const { status, $metadata } = error as { status?: unknown; $metadata?: { httpStatusCode?: number } };
  return typeof status === 'number' ? status : $metadata?.httpStatusCode;
}

function failed(progress: Progress, error: unknown): SdkResult {
  if (!(error instanceof Error)) return { ...progress, error: { name: 'unknown', message: String(error) } };
  const name = error.constructor.name === 'Error' ? error.name : error.constructor.name;
  return { ...progress, error: { name, status: statusOf(error), message: error.message } };
}

export function serve(handle: (ask: SdkAsk, progress: Progress) => Promise<void>): void {
  createInterface({ input: process.stdin }).on('line', (line) => {
    const progress: Progress = { text: '', calls: [] };
    handle(JSON.parse(line) as SdkAsk, progress)
      .then(
        (): SdkResult => progress,
        (error: unknown) => failed(progress, error),
      )
      .then((result) => process.stdout.write(`${JSON.stringify(result)}\n`))
      .catch((error: unknown) => process.stderr.write(String(error)));
  });
}

export const toolSchema = {
  type: 'object',
  properties: { city: { type: 'string', description: 'Name of a city' } },
  required: ['city'],
} as const;

export function toolNames(ask: SdkAsk): readonly string[] {
  return Object.keys(ask.outputs ?? {});
}
