export const reachHeaders = [] as const;
export const reachRows = () => [];
export const reachSentences = () => [];
