/** A stretch of a branch, by index; `to` is the first one after it. */
export interface Span {
  from: number
  to: number
}
/** The ends of what is drawn, by message id; null: the end of the branch, or as many as fit. */
export interface Ends {
  first: string | null
  last: string | null
}

/** How many messages are in the page at once, at most: far ones are taken out, whatever the length of the chat. */
export const MOST_DRAWN = 120
/** How many come at one time. */
export const STEP = 40

/** What is drawn of a branch. Ids that are not on it count as null. */
export function spanOf(ids: readonly string[], ends: Ends): Span {
  const last = ends.last === null ? -1 : ids.lastIndexOf(ends.last)
  const to = last < 0 ? ids.length : last + 1
  const first = ends.first === null ? -1 : ids.indexOf(ends.first)
  const from = first < 0 || first >= to ? Math.max(0, to - STEP) : first
  return { from: Math.max(from, to - MOST_DRAWN), to }
}

const endsOf = (ids: readonly string[], { from, to }: Span): Ends => ({ first: ids[from] ?? null, last: to >= ids.length ? null : (ids[to - 1] ?? null) })

/** Earlier messages come in, and as many leave at the other end as are too many. */
export function upward(ids: readonly string[], { from, to }: Span): Ends {
  const start = Math.max(0, from - STEP)
  return endsOf(ids, { from: start, to: Math.min(to, start + MOST_DRAWN) })
}

/** Later messages come in, and as many leave at the beginning as are too many. */
export function downward(ids: readonly string[], { from, to }: Span): Ends {
  const end = Math.min(ids.length, to + STEP)
  return endsOf(ids, { from: Math.max(from, end - MOST_DRAWN), to: end })
}

/** What is drawn around one message; null when it is not on the branch. */
export function around(ids: readonly string[], id: string): Ends | null {
  const index = ids.indexOf(id)
  if (index < 0) return null
  const from = Math.max(0, index - STEP / 2)
  return endsOf(ids, { from, to: Math.min(ids.length, from + STEP) })
}
