export declare function isLively(
  stream: { isTTY?: boolean },
  environment: Record<string, string | undefined>,
): boolean;
export declare class Progress {
  constructor(stream?: NodeJS.WriteStream, environment?: Record<string, string | undefined>);
  step<T>(name: string, work: (note: (text: string) => void) => Promise<T>): Promise<T>;
  say(text: string): void;
  close(): void;
}
