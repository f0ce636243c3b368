/** For `vi.waitFor`, whose default of a second is too short on two busy cores. */
export const soon = { timeout: 20_000 };
