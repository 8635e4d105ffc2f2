import type { Summary } from '../api/conversation-types'

/**
 * The summaries that are shown in a branch, by the message after which each stands.
 *
 * The one in use reaches farthest; what another one before it stood for is in it. One that was undone is shown where
 * it reaches at least as far, so that it can be used again.
 */
export function summariesIn(summaries: readonly Summary[], ids: readonly string[]): Map<string, Summary> {
  const places = new Map(ids.map((id, index) => [id, index]))
  const placed = summaries.flatMap((summary) => {
    const place = places.get(summary.through_id)
    return place === undefined ? [] : [{ summary, place }]
  })
  const inUse = Math.max(-1, ...placed.filter(({ summary }) => summary.active).map(({ place }) => place))
  const shown = new Map<string, Summary>()
  for (const { summary, place } of placed) {
    if (place < inUse) continue
    const known = shown.get(summary.through_id)
    // Of several in one place the one in use is shown, else the newest; they come in the order of their making.
    if (!known || !known.active || summary.active) shown.set(summary.through_id, summary)
  }
  return shown
}
