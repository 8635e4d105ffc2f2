import type { DocumentPage, ReportCounts } from '../api/types'

/** What the read report says of all pages together. */
export function countPages(pages: readonly DocumentPage[]): ReportCounts {
  const counts: ReportCounts = { text: 0, ocr: 0, waiting: 0, picture: 0, no_text: 0, skipped: 0, failed: 0, doubtful: 0, confidence: null }
  const confidences: number[] = []
  for (const page of pages) {
    counts[page.status]++
    if (isDoubtful(page)) counts.doubtful++
    if (page.status === 'ocr' && page.confidence !== null) confidences.push(page.confidence)
  }
  if (confidences.length > 0) counts.confidence = confidences.reduce((sum, one) => sum + one, 0) / confidences.length
  return counts
}

/** Read, but with less than one can rely on. */
export const isDoubtful = (page: Pick<DocumentPage, 'reason'>): boolean => page.reason === 'low_confidence' || page.reason === 'partly_read'

/** Pages of which nothing was read though something may stand on them; an empty page is no fault. */
export const isUnread = (page: Pick<DocumentPage, 'status' | 'reason'>): boolean =>
  page.status === 'failed' || page.status === 'skipped' || (page.status === 'no_text' && page.reason !== 'empty')

/** How many pages a reader should be warned of. */
export const warningsOf = (counts: ReportCounts): number => counts.failed + counts.skipped + counts.doubtful
