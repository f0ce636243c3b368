/** The one door of `cli/`: what other folders draw with. The program itself starts in main.ts. */
export { renderInvocationRows, type InvocationRowOptions } from './render/invocation-row.ts';
export { renderTraceTree, type TraceTreeOptions } from './render/trace-tree.ts';
export { parseSpan, type SpanRecord } from './render/span.ts';
export { chooseStyle, plainStyle, type Style } from './render/style.ts';
export { plainText, renderTable } from './render/table.ts';
export { renderAge, renderDuration } from './render/duration.ts';
