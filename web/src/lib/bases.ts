import type { Base } from '../api/library-types'

/** Whether a base is shared by somebody else, so that it can be read and searched only. */
export const isForeign = (base: Base): boolean => base.is_own === false

// Colours, numbers and lines of C are not taken for the names of bases.
const MISTAKABLE = /^(?:[0-9a-f]{3}|[0-9a-f]{6}|[0-9a-f]{8}|include|define|undef|ifn?def|endif|pragma|region|endregion)$/i
const PLAIN = /^\p{L}[\p{L}\p{N}_-]*$/u
/** What stands behind the sign while it is typed: up to a blank, or in quotes up to the closing one. */
const BEGUN = /(?:^|[\s(])#(?:"([^"\n]{0,200})|([^\s#"]{0,200}))$/

/** The name of a base as it is typed into a question. */
export function hashOf(name: string): string {
  if (PLAIN.test(name) && !MISTAKABLE.test(name)) return `#${name}`
  return name.includes('"') ? `#«${name}»` : `#"${name}"`
}

/** A name that is being typed before the caret: where its sign stands, and what of the name is there; null for none. */
export function readHash(text: string): { start: number; query: string } | null {
  const found = BEGUN.exec(text)
  if (!found) return null
  return { start: found.index + found[0].indexOf('#'), query: found[1] ?? found[2] ?? '' }
}

/** The bases whose name holds what is typed, those that begin with it first. */
export function matchBases(bases: readonly Base[], query: string): Base[] {
  const wanted = query.trim().toLowerCase()
  const place = (base: Base): number => base.name.toLowerCase().indexOf(wanted)
  return bases.filter((base) => place(base) >= 0).sort((one, other) => Number(place(one) > 0) - Number(place(other) > 0))
}
