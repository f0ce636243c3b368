/**
 * When so much of a budget is used that its owner wants to know. Pure. What is promised to calls under way is not used, or every large
 * call would be a false alarm; a budget of which a call was refused for the last of it is used up, or nobody would ever hear of its end.
 */

export interface ThresholdState {
  /** By calls that are over, and by what other gateways hold. */
  readonly used: number;
  readonly cap: number;
  /** A call found too little left. */
  readonly refused: boolean;
}

/** What is left is then too little for most calls. */
const lastShare = 0.05;

/** Which of these percentages are reached. */
export function reachedThresholds(
  percents: readonly number[],
  { used, cap, refused }: ThresholdState,
): number[] {
  const isUsedUp = used >= cap || (refused && used >= cap * (1 - lastShare));
  return percents.filter((percent) => isUsedUp || (percent < 100 && used * 100 >= cap * percent));
}
