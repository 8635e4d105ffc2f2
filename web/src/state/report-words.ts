import type { ChatDocument, DocumentPage, Figure, ListedDocument, ReportCounts } from '../api/types'
import { countPages } from '../lib/report'
import type { Locale } from './locale.svelte'

const ORDER = ['text', 'ocr', 'waiting', 'picture', 'no_text', 'skipped', 'failed'] as const

/** The read report of a document in one line: "12 pages: 9 text, 2 read by OCR (94 %), 1 could not be read". */
export function reportLine(locale: Locale, counts: ReportCounts, figures: readonly Figure[] = [], hasPages = true): string {
  const { t } = locale
  const total = ORDER.reduce((sum, status) => sum + counts[status], 0)
  if (total === 0) return ''
  const share = counts.confidence === null ? null : locale.share(counts.confidence)
  if (!hasPages) {
    const [status = 'text'] = ORDER.filter((one) => counts[one] > 0)
    const how = status === 'ocr' && share !== null ? t('report.whole.ocrSure', { share }) : t(`report.whole.${status}`)
    const partly = status === 'text' && counts.doubtful > 0
    return [partly ? t('report.whole.textPartly') : how, ...figureParts(locale, figures)].join(' · ')
  }
  const parts = ORDER.filter((status) => counts[status] > 0).map((status) =>
    status === 'ocr' && share !== null ? t('report.ocrSure', { n: counts.ocr, share }) : t(`report.${status}`, { n: counts[status] }),
  )
  if (counts.doubtful > 0) parts.push(t('report.doubtful', { n: counts.doubtful }))
  return [`${t('report.pages', { n: total })}: ${parts.join(', ')}`, ...figureParts(locale, figures)].join(' · ')
}

function figureParts(locale: Locale, figures: readonly Figure[]): string[] {
  if (figures.length === 0) return []
  const described = figures.filter((figure) => figure.status === 'described').length
  const all = locale.t('report.figures', { n: figures.length })
  return [described > 0 ? `${all}, ${locale.t('report.figuresDescribed', { n: described })}` : all]
}

export const lineOf = (locale: Locale, document: ChatDocument): string => reportLine(locale, countPages(document.pages), document.figures, hasPages(document))

/** Whether a document is divided into pages, slides, sheets or chapters. */
export const hasPages = (document: Pick<ChatDocument, 'pages' | 'page_count'>): boolean =>
  document.page_count > 1 || document.pages.some((page) => page.page !== null && document.pages.length > 1)

/** Where a document has got to, in words. */
export function stateOf(locale: Locale, document: ListedDocument): string {
  if (document.status === 'reading') return document.stage ? locale.named('stage', document.stage) : locale.t('status.reading')
  return locale.t(`status.${document.status}`)
}

/** Why a page has no text or less than one would expect; empty when all is well. */
export const whyOf = (locale: Locale, page: DocumentPage): string => (page.reason ? locale.named('pageReason', page.reason) : '')

/** What people call a page: the name that the format gives it, and its number. */
export function pageName(locale: Locale, page: Pick<DocumentPage, 'page' | 'label'>): string {
  if (page.page === null) return locale.t('report.whole')
  return page.label && page.label !== String(page.page) ? locale.t('reader.pageLabel', { label: page.label, page: page.page }) : locale.t('reader.page', { page: page.page })
}
