import type { Tool } from './tool-table.mjs';

export declare function defaultCacheRoot(): string;
export declare function cachedToolPath(tool: Tool, cacheRoot?: string): string;
export declare function checksumIn(list: string, file: string): string | undefined;
export declare function provideTool(
  tool: Tool,
  options?: { cacheRoot?: string; onStep?: (step: string) => void; usePath?: boolean },
): Promise<{ path: string; from: 'path' | 'cache' | 'download' | 'build' }>;
export declare function namesVersion(text: string, version: string): boolean;
