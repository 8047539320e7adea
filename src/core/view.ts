/** Words of bytes in one step: engines make one load of a DataView's read, and eight of eight bytes and their places. */

let last: Uint8Array = new Uint8Array();
let lastView = new DataView(last.buffer);

/** A view of the same bytes; that of the bytes asked for last is kept, for all records of a file lie in the same. */
export function viewOf(bytes: Uint8Array): DataView {
  if (bytes !== last) {
    lastView = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    last = bytes;
  }
  return lastView;
}
