/**
 * docs/agents.md: which programs of others run as agents, in which ways of starting them, as the last run of
 * test/e2e/agent-matrix.test.ts saw it (`npm run matrix` runs it and writes docs/agents.json). Pure. A field that was not green is
 * empty: the page claims nothing that was not seen.
 */

export interface AgentRow {
  readonly agent: string;
  readonly ways: readonly string[];
}

export const agentWays = ['cold', 'Created', 'Started', 'Snapshot', 'Resident', 'daemon'] as const;

const head = `# Agents: what was tried

Each program is run as it is, in a gVisor sandbox on the development platform, with the SDK as its maker ships it, no setting of CLRK's and a placeholder for a key. Each field is green when the call reached the provider stand-in through the gateway that terminates TLS, with the real key and nothing of the placeholder, when the provider's answer came back to the caller, and when the run's record says that the sandbox was of this sort.

- **cold**: a sandbox made for the call. **Created**, **Started**: one of \`spec.warmPoolSize\`, with the agent not started, or blocked on standard input ([warm modes](decisions/063-warm-modes.md)). **Snapshot**: restored from an image of one that was. These read their question on standard input and write the answer to standard output.
- **Resident**: one process answers call after call by the metadata service (\`GET /v1/event\`, \`POST /v1/response\` with the run's id); two calls, both in the same sandbox.
- **daemon**: a DaemonAgent that asks, and tells the provider in a second call what it was answered.

The programs are in [test/e2e/program](../test/e2e/program), a dozen lines each beside how they live. Coding agents from npm, Claude Code and Codex, have tests of their own: [how they are run](examples.md#claude-code-and-codex) and [what they need](decisions/082-coding-agents.md). So have MCP's official clients of npm and PyPI, at real servers through an MCPRoute ([test](../test/e2e/mcp-clients.test.ts)).`;

export function agentPage(rows: readonly AgentRow[]): string {
  const lines = rows.map(({ agent, ways }) => {
    const fields = agentWays.map((way) => (ways.includes(way) ? '✓' : ''));
    return `| ${agent} | ${fields.join(' | ')} |`;
  });
  const rule = agentWays.map(() => ':-:').join('|');
  return `<!-- Generated from docs/agents.json by \`npm run generate\`. Do not edit. -->

${head}

| agent | ${agentWays.join(' | ')} |
|---|${rule}|
${lines.join('\n')}
`;
}
