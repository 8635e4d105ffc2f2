import type { PageLink, Span } from '../api/library-types'
import { unitsOf } from './text-layer'

/** A stretch of text that looks the same from end to end. */
export interface TextRun {
  start: number
  text: string
  /** Which of the marks it belongs to; null for none. */
  mark: number | null
  link: PageLink | null
}

/** Only these lead anywhere: what a paper says is not to be trusted. */
export const isSafeTarget = (target: string | null): target is string => target !== null && /^(?:https?:\/\/|mailto:)[^\s]+$/i.test(target)

/** Cuts a stretch of a page at the ends of its marks and links. Offsets count characters, as the server counts. */
export function cutRuns(text: string, span: Span, marks: readonly Span[], links: readonly PageLink[]): TextRun[] {
  const unit = unitsOf(text)
  const ends = new Set([span.start, span.end])
  for (const part of [...marks, ...links]) for (const end of [part.start, part.end]) if (end > span.start && end < span.end) ends.add(end)
  const sorted = [...ends].sort((one, other) => one - other)
  const holds = (part: Span, place: number): boolean => part.start <= place && place < part.end
  return sorted.slice(0, -1).map((start, index) => {
    const mark = marks.findIndex((part) => holds(part, start))
    return {
      start,
      text: text.slice(unit(start), unit(sorted[index + 1] ?? span.end)),
      mark: mark === -1 ? null : mark,
      link: links.find((part) => holds(part, start)) ?? null,
    }
  })
}
