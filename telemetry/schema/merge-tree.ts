/** What every table of ours is set to. Apart so that no table forgets it. */

/** Batches whose tokens ClickHouse remembers: hours of batches at one a second and table. */
const deduplication = 'non_replicated_deduplication_window = 10000';

/** Whole parts go when their time is over; deduplication is off by default for tables that are not replicated. */
export const mergeTree = `index_granularity = 8192, ttl_only_drop_parts = 1, ${deduplication}`;

/** Small granules, for tables that are read a page at a time; on disk before the event's message is acknowledged. */
export const durable = `index_granularity = 1024, ttl_only_drop_parts = 1, ${deduplication}, fsync_after_insert = 1, fsync_part_directory = 1`;
