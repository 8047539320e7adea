/**
 * Row ids are a function of the evidence: `file_id * 2^28 + record_no`. `file_id` counts the payload files of all
 * imported evidence in manifest order from 1, `record_no` the framed records of a file from 1. Both stay below 2^53
 * together, so that JavaScript numbers are exact.
 */

/** Records one file can hold. */
export const MAX_RECORDS_PER_FILE = 2 ** 28 - 1;
/** Files one case can hold. */
export const MAX_FILES = 2 ** 25 - 1;

/** Row id of a record. */
export function rowId(fileId: number, recordNo: number): number {
  return fileId * 2 ** 28 + recordNo;
}

/** The record's file and ordinal. */
export function splitRowId(id: number): { readonly fileId: number; readonly recordNo: number } {
  return { fileId: Math.floor(id / 2 ** 28), recordNo: id % 2 ** 28 };
}
