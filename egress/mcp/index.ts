/** Answers of MCP servers, read and cut to what their agent may use. */
export { GovernedEvents, type GovernedFacts } from './governed-events.ts';
export { RpcAnswerReader, type RpcAnswer } from './rpc-answer.ts';
