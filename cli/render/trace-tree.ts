/**
 * A trace as a tree a person reads: trigger, dispatch, sandbox phases, each outbound call with host, model, tokens,
 * cost and decision. Pure text in, text out. Span names come from processes and paths from agents: escaped.
 */
import { renderDuration, terminalLine } from '../../contract/index.ts';
import { computeSpanForest, startMs, type SpanNode, type SpanRecord } from './span.ts';
import { isDenied, spanFacts, spanLabel, triggerLabel } from './span-label.ts';
import { plainStyle, type Style } from './style.ts';

export interface TraceTreeOptions {
  readonly style?: Style;
  /** Columns of the terminal; bars are drawn from 120 on, labels are shortened to fit. Default 100. */
  readonly width?: number;
}

interface Line {
  readonly prefix: string;
  readonly label: string;
  readonly span: SpanRecord;
}

const barCells = 20;
const minBarWidth = 120;
const minLabel = 24;

function flatten(nodes: readonly SpanNode[], indent: string): readonly Line[] {
  return nodes.flatMap((node, index) => {
    const last = index === nodes.length - 1;
    const line = {
      prefix: `${indent}${last ? '└─ ' : '├─ '}`,
      label: terminalLine(spanLabel(node.span)),
      span: node.span,
    };
    return [line, ...flatten(node.children, `${indent}${last ? '   ' : '│  '}`)];
  });
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, Math.max(0, length - 1))}…`;
}

/** Where the span lies in its trace, as cells of one line. */
function bar(span: SpanRecord, from: number, length: number): string {
  if (length <= 0) return '▏'.padEnd(barCells);
  const left = Math.min(barCells - 1, Math.max(0, Math.floor(((startMs(span) - from) / length) * barCells)));
  const cells = Math.max(1, Math.round((span.durationNs / 1e6 / length) * barCells));
  return `${' '.repeat(left)}${'█'.repeat(Math.min(cells, barCells - left))}`.padEnd(barCells);
}

function paintFacts(line: Line, style: Style): string {
  const facts = terminalLine(spanFacts(line.span).join('  '));
  if (facts === '') return '';
  return isDenied(line.span) || /error: /.test(facts) ? style.red(facts) : facts;
}

function renderOneTrace(spans: readonly SpanRecord[], options: TraceTreeOptions): string {
  const { style = plainStyle, width = 100 } = options;
  const forest = computeSpanForest(spans);
  const lines = flatten(forest, '');
  const from = Math.min(...spans.map(startMs));
  const length = Math.max(...spans.map((span) => startMs(span) + span.durationNs / 1e6)) - from;
  const room = Math.max(minLabel, Math.floor(width * 0.6));
  const labelWidth = Math.min(room, Math.max(...lines.map((line) => line.prefix.length + line.label.length)));
  const trigger = spans.map(triggerLabel).find((label) => label !== undefined) ?? 'trace';
  const head =
    `${style.bold(terminalLine(trigger))}  ${style.dim(terminalLine(spans[0]?.traceId ?? ''))}`.trimEnd();
  const body = lines.map((line) => {
    const label = shorten(line.label, labelWidth - line.prefix.length);
    const time = renderDuration(line.span.durationNs / 1e6).padStart(8);
    const drawn = width >= minBarWidth ? `  ${style.green(bar(line.span, from, length))}` : '';
    const pad = ' '.repeat(Math.max(0, labelWidth - line.prefix.length - label.length));
    return `${style.dim(line.prefix)}${label}${pad} ${time}${drawn}  ${paintFacts(line, style)}`.trimEnd();
  });
  return [head, ...body].join('\n');
}

/** One tree a trace, in order of their start; a blank line between. No spans give an empty string. */
export function renderTraceTree(spans: readonly SpanRecord[], options: TraceTreeOptions = {}): string {
  const traces = new Map<string, SpanRecord[]>();
  for (const span of [...spans].sort((a, b) => startMs(a) - startMs(b))) {
    const trace = traces.get(span.traceId);
    if (trace === undefined) traces.set(span.traceId, [span]);
    else trace.push(span);
  }
  return [...traces.values()].map((trace) => renderOneTrace(trace, options)).join('\n\n');
}
