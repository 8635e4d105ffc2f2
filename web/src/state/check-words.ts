import type { Evaluation, RankedQuestion, SearchSetting } from '../api/evaluation-types'
import type { Locale } from './locale.svelte'

/** A setting in one line. */
export function settingWords(locale: Locale, setting: SearchSetting): string {
  const arms = setting.arms.length > 1 ? 'both' : (setting.arms[0] ?? 'both')
  const values = {
    arms: locale.t(`check.arms.${arms}`),
    fusion: locale.t(`check.fusion.${setting.fusion}`),
    rerank: locale.t(`check.rerank.${setting.rerank}`),
    passages: setting.passages,
  }
  return locale.t(arms === 'both' ? 'check.summaryBoth' : 'check.summary', values)
}

/** What an evaluation is called: by its reader, or by the time when it was begun. */
export const nameOfRun = (locale: Locale, evaluation: Evaluation): string =>
  evaluation.name || locale.t('check.unnamed', { moment: locale.moment(evaluation.created_at) })

/** Where the right passage of a question is, as it was given. */
export const expectedOf = (locale: Locale, question: Pick<RankedQuestion, 'document' | 'page' | 'text'>): string =>
  [question.document, question.page === null ? null : locale.t('sources.page', { page: question.page }), question.text && `“${question.text}”`].filter(Boolean).join(', ')

/** Whether some setting did not put the right passage of a question first. */
export const isMissed = (question: RankedQuestion): boolean => question.ranks?.some((rank) => rank !== 1) ?? false
