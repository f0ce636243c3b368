/**
 * Argo CD's scripts on a real Lua 5.1 (the version its own interpreter follows), with what Argo leaves out taken away:
 * no string library, no files, no processes. Objects go in as Lua literals and come back as JSON.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

function quoted(text: string): string {
  return `"${text.replaceAll(/[\\"\n\r\0]/g, (character) => `\\${String(character.charCodeAt(0)).padStart(3, '0')}`)}"`;
}

/** Null and undefined are absent, as in Argo's conversion. */
export function luaLiteral(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return `{${value.map(luaLiteral).join(',')}}`;
  if (typeof value !== 'object' || value === null) return 'nil';
  const fields = Object.entries(value).filter(([, field]) => field !== null && field !== undefined);
  return `{${fields.map(([name, field]) => `[${quoted(name)}]=${luaLiteral(field)}`).join(',')}}`;
}

const prelude = `
local byte, format, rep, write = string.byte, string.format, string.rep, io.write
local function escape(text)
  local out = {}
  for i = 1, #text do
    local c = byte(text, i)
    if c < 32 or c == 34 or c == 92 or c > 126 then out[i] = format("\\\\u%04x", c) else out[i] = format("%c", c) end
  end
  return '"' .. table.concat(out) .. '"'
end
local function json(value)
  local kind = type(value)
  if kind == "string" then return escape(value) end
  if kind ~= "table" then return tostring(value) end
  local parts = {}
  if #value > 0 then
    for i, item in ipairs(value) do parts[i] = json(item) end
    return "[" .. table.concat(parts, ",") .. "]"
  end
  for key, item in pairs(value) do parts[#parts + 1] = escape(tostring(key)) .. ":" .. json(item) end
  return "{" .. table.concat(parts, ",") .. "}"
end
local date = { date = os.date }
local function sandbox(obj)
  return { obj = obj, ipairs = ipairs, pairs = pairs, tostring = tostring, tonumber = tonumber, type = type,
    next = next, require = function(name) assert(name == "os"); return date end }
end
`;

/** The script's results, one an object, in order. */
export async function runLua(script: string, objects: readonly object[]): Promise<unknown[]> {
  const runs = objects.map(
    (object) =>
      `do local f = assert(loadstring(script)); setfenv(f, sandbox(${luaLiteral(object)})); write(json(f()), "\\n") end`,
  );
  const program = [prelude, `local script = ${quoted(script)}`, ...runs].join('\n');
  const child = run('lua5.1', ['-'], { maxBuffer: 16 * 1024 * 1024, timeout: 60_000 });
  child.child.stdin?.end(program);
  const { stdout } = await child;
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}
