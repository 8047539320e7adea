/** Columns that every source answers to, in the order of its table and of the time line. */
export const COMMON_COLUMNS = [
  'time_us',
  'account_id',
  'region',
  'actor',
  'action',
  'target',
  'src_ip',
  'dst_ip',
  'outcome',
] as const;

/** A name of {@link COMMON_COLUMNS}. */
export type CommonColumn = (typeof COMMON_COLUMNS)[number];
