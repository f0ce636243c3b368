/** What a test asks an official SDK to do, and what came of it: one line of JSON each way, the same for every SDK and language. */
export interface SdkAsk {
  readonly model: string;
  readonly prompt: string;
  readonly system?: string;
  /** What each tool answers; those are offered, and their calls answered until the model has none left. */
  readonly outputs?: Readonly<Record<string, string>>;
  /** Base64 of a PNG. */
  readonly image?: string;
  /** Structured output. */
  readonly schema?: Readonly<Record<string, unknown>>;
  readonly stream?: boolean;
  /** Leave the stream after so many pieces of text. */
  readonly abortAfter?: number;
  /** Default: the SDK's own retries are off. */
  readonly retries?: number;
}

export interface SdkResult {
  /** Of the last answer; of a broken stream what had come. */
  readonly text: string;
  readonly calls: ReadonlyArray<{ readonly name: string; readonly arguments: unknown }>;
  /** Totals, as this SDK tells them: of the last answer. */
  readonly usage?: { readonly input: number; readonly output: number } | undefined;
  /** What the SDK threw. */
  readonly error?: { readonly name: string; readonly status?: number | undefined; readonly message: string };
}
