/** What an event says of itself besides its time, in the order of its table and of the time line. */
export const COMMON_CELLS = [
  'account_id',
  'region',
  'actor',
  'action',
  'target',
  'src_ip',
  'dst_ip',
  'outcome',
] as const;

/** Columns that every source answers to, in the same order. */
export const COMMON_COLUMNS = ['time_us', ...COMMON_CELLS] as const;

/** A name of {@link COMMON_COLUMNS}. */
export type CommonColumn = (typeof COMMON_COLUMNS)[number];

/** The cells of an event by {@link COMMON_CELLS}. */
export type CommonCells = Readonly<Record<(typeof COMMON_CELLS)[number], string | null>>;
