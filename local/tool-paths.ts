/** The pinned tools' paths for TypeScript code; makes those that are missing (normally the bootstrap already has). */
import { existsSync } from 'node:fs';
import { ClrkError } from '../contract/index.ts';
import { cachedToolPath, provideTool } from './tools/tool-store.mjs';
import { toolTable } from './tools/tool-table.mjs';

type Step = <T>(name: string, work: (note: (text: string) => void) => Promise<T>) => Promise<T>;

/** In the cache or made now, so that every run uses exactly the pinned build; `step` shows what takes time. */
export async function provideTools(step: Step): Promise<(name: string) => string> {
  const paths = new Map<string, string>();
  await Promise.all(
    toolTable.map(async (tool) => {
      const cached = cachedToolPath(tool);
      if (existsSync(cached)) {
        paths.set(tool.name, cached);
        return;
      }
      const { path } = await step(tool.name, (note) => provideTool(tool, { onStep: note }));
      paths.set(tool.name, path);
    }),
  );
  return (name) => {
    const path = paths.get(name);
    if (path === undefined) throw new ClrkError('TOOL_UNKNOWN', `${name} is not in the tool table`);
    return path;
  };
}

/** Where the pinned build of a tool is; undefined while it is not made. */
export function cachedTool(name: string): string | undefined {
  const tool = toolTable.find((each) => each.name === name);
  const path = tool && cachedToolPath(tool);
  return path !== undefined && existsSync(path) ? path : undefined;
}
