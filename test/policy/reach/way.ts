/** One way a call may go, as text, so that what reach says and what the gateway does compare as sets of lines. */
export interface Way {
  readonly protocol: string;
  readonly target: string;
  readonly pinned: readonly string[] | undefined;
  readonly credentials: readonly string[];
  readonly budgets: readonly object[];
}

export function renderWay({ protocol, target, pinned, credentials, budgets }: Way): string {
  const keys = [...new Set(credentials)].sort().join('+');
  return `${protocol} ${target} pinned=${pinned?.join() ?? ''} credentials=${keys} budgets=${JSON.stringify(budgets)}`;
}
