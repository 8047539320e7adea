/** Calls in a row from places that nobody gets between in the time. */
import type { Mark } from './marks.ts';
import { bounded } from './marks.ts';

/** A call from an address. */
interface Call {
  readonly id: number;
  readonly time_us: number;
  readonly address: string;
}

/** Degrees. */
interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

/** Nobody flies faster, and files of places are wrong by a city. */
const FASTEST_KM_H = 900;
const NEAR_KM = 300;
const EARTH_KM = 6371;

/** @param calls in the order of time. @param place where an address is, if that is known. */
export function travelMarks(
  calls: Iterable<Call>,
  place: (address: string) => Place | undefined,
): readonly Mark[] {
  const marks: Mark[] = [];
  const places = new Map<string, Place | undefined>();
  let before: (Call & { readonly place: Place }) | undefined;
  for (const call of calls) {
    if (!places.has(call.address)) places.set(call.address, place(call.address));
    const here = places.get(call.address);
    // An address without a place says nothing, not even that somebody stayed.
    if (here === undefined) continue;
    if (before !== undefined && before.address !== call.address) {
      const km = Math.round(distance(before.place, here));
      const hours = (call.time_us - before.time_us) / 3_600_000_000;
      if (km >= NEAR_KM && km > FASTEST_KM_H * hours)
        marks.push({
          kind: 'travel',
          time_us: call.time_us,
          id: call.id,
          from: before.address,
          to: call.address,
          detail: `${String(km)} km in ${String(Math.round(hours * 60))} min`,
        });
    }
    before = { ...call, place: here };
  }
  return bounded(marks);
}

// Great circle, on a sphere: good to half a percent.
function distance(a: Place, b: Place): number {
  const rad = (degrees: number): number => (degrees * Math.PI) / 180;
  const dLat = rad(b.latitude - a.latitude);
  const dLon = rad(b.longitude - a.longitude);
  const h =
    Math.sin(dLat / 2) ** 2 +
    Math.cos(rad(a.latitude)) * Math.cos(rad(b.latitude)) * Math.sin(dLon / 2) ** 2;
  return 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(h)));
}
