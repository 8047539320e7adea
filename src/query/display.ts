/** Canonical cells as plain text, for derived views (tables, CSV, reports). */
import { realOf, type CanonicalCell } from './canonical.ts';

/** Text of a value; `null` for NULL. A REAL is written by the ECMAScript rule: the shortest digits that give it back. */
export function plainCell(cell: CanonicalCell): string | null {
  if (cell === null || typeof cell === 'string') return cell;
  if ('i' in cell) return cell.i;
  if ('r' in cell) return String(realOf(cell.r));
  return 'b' in cell ? cell.b : cell.t;
}

/** A JSON value for `--json`: a plain number where JSON has it exactly; all else that is not text stays canonical. */
export function jsonCell(cell: CanonicalCell): unknown {
  if (cell === null || typeof cell === 'string') return cell;
  if ('i' in cell) {
    const integer = Number(cell.i);
    return Number.isSafeInteger(integer) ? integer : cell;
  }
  if (!('r' in cell)) return cell;
  const real = realOf(cell.r);
  return Number.isFinite(real) ? real : cell;
}
