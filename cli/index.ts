/** The one door of `cli/`: what other folders draw with. The program itself starts in main.ts. */
export { integrationFiles } from './init/pipeline-files.ts';
export { optionalPackages } from './missing-package.ts';
export { renderInvocationRows, type InvocationRowOptions } from './render/invocation-row.ts';
export { renderTraceTree, type TraceTreeOptions } from './render/trace-tree.ts';
export { parseSpan, type SpanRecord } from './render/span.ts';
export { chooseStyle, type Style } from './render/style.ts';
export { renderTable } from './render/table.ts';
