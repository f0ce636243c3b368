export interface ReachChange { direction: string }
export function diffReach(): ReachChange[] { return []; }
