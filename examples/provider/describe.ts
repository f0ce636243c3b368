/** What the stand-in says when it is asked what it was asked: the request, in words that are the same for every API. Pure. */
import type { Ask, Turn } from './ask.ts';

function turnText({ role, text, calls, results, media }: Turn): string {
  const called = calls.map((call) => `calls ${call.name}`);
  const answered = results.map((each) => `${each.isError ? 'error' : 'result'} ${JSON.stringify(each.text)}`);
  const shown = media.map((each) => `${each.kind} ${each.mediaType ?? each.url ?? ''}`);
  const said = text === '' || text.split(/\r?\n/).includes('describe') ? [] : [JSON.stringify(text)];
  return [role, ...said, ...called, ...answered, ...shown].join(' ');
}

function choiceText({ toolChoice }: Ask): string {
  return typeof toolChoice === 'object' ? `tool ${toolChoice.name}` : toolChoice;
}

export function describe(ask: Ask): string {
  const { system, turns, tools, format, maxTokens, stop, settings, parallel } = ask;
  const lines: ReadonlyArray<readonly [string, string | undefined]> = [
    ['system', system === '' ? undefined : JSON.stringify(system)],
    ['turns', turns.map(turnText).join(', ')],
    ['tools', tools.length === 0 ? undefined : tools.map(({ name }) => name).join(', ')],
    ['tool choice', tools.length === 0 ? undefined : choiceText(ask)],
    ['parallel', parallel ? undefined : 'no'],
    ['format', format && JSON.stringify(format.schema ?? 'json')],
    ['limit', maxTokens === undefined ? undefined : String(maxTokens)],
    ['stop', stop.length === 0 ? undefined : JSON.stringify(stop)],
    ...Object.entries(settings)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]) => [name, JSON.stringify(value)] as const),
  ];
  return lines
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${value ?? ''}`)
    .join('\n');
}
