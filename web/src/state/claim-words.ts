import type { Claim, ClaimFault, Grounding, Passage } from '../api/evidence-types'
import type { Citation } from '../api/types'
import { cutAt } from '../lib/codepoints'
import { nearestSentence, wordsAround } from '../lib/evidence'
import type { Locale } from './locale.svelte'

const LONGEST_QUOTE = 220
const MOST_WRONG = 6
/** Faults that the words that differ tell by themselves. */
const TOLD_BY_WORDS: ReadonlySet<ClaimFault> = new Set(['number', 'date', 'name'])

/** What differs, told of one statement of an answer. */
export interface ClaimNote {
  kind: 'altered' | 'unsupported'
  /** The statement as the model wrote it. */
  source: string
  title: string
  /** What is wrong, one thing a line. */
  lines: string[]
  /** What the source says instead; empty where that is not known. */
  quote: string
  where: string
}

/** How many statements were checked, and with what result. */
export interface ClaimCounts {
  checked: number
  altered: number
  unsupported: number
}

export function countClaims(claims: readonly Claim[]): ClaimCounts {
  const count = (verdict: Claim['verdict']): number => claims.filter((claim) => claim.verdict === verdict).length
  const [altered, unsupported] = [count('altered'), count('unsupported')]
  return { checked: count('supported') + altered + unsupported, altered, unsupported }
}

/** Whether the answer is probably not in the documents. */
export const isNotFound = (grounding: Grounding): boolean => grounding.evidence !== 'strong' || grounding.says_not_found

/** The notes on the statements of `text` that its sources do not bear out, in order. */
export function claimNotes(locale: Locale, text: string, claims: readonly Claim[], sources: readonly (Passage | Citation)[]): ClaimNote[] {
  return claims.flatMap((claim) => {
    if (claim.verdict !== 'altered' && claim.verdict !== 'unsupported') return []
    const source = cutAt(text, claim.start, claim.end).marked
    return [{ kind: claim.verdict, source, title: locale.t(`claim.${claim.verdict}`), lines: linesOf(locale, claim), ...saidInstead(locale, claim, source, sources) }]
  })
}

/** A note as it is heard. */
export const heardNote = (note: ClaimNote): string => [note.title, ...note.lines, note.where && `${note.where} ${note.quote}`].filter(Boolean).join(' ')

function linesOf(locale: Locale, claim: Claim): string[] {
  const words = claim.wrong.slice(0, MOST_WRONG).map((word) => locale.t('claim.word', { word }))
  const rest = claim.wrong.length - words.length
  const wrong = words.join(', ') + (rest > 0 ? ' …' : '')
  const missing = wrong === '' ? [] : [locale.t('claim.wrong', { n: claim.wrong.length, words: wrong })]
  const faults = claim.faults.filter((fault) => wrong === '' || !TOLD_BY_WORDS.has(fault))
  return [...missing, ...faults.map((fault) => locale.t(`claim.fault.${fault}`))]
}

function saidInstead(locale: Locale, claim: Claim, text: string, sources: readonly (Passage | Citation)[]): Pick<ClaimNote, 'quote' | 'where'> {
  if (claim.verdict !== 'altered') return { quote: '', where: '' }
  for (const source of sources) {
    if (!claim.labels.includes(source.n)) continue
    const quote = nearestSentence(text, 'text' in source ? source.text : source.quote)
    if (!quote) continue
    const { page, document } = source
    return { quote: wordsAround(quote, [], LONGEST_QUOTE), where: page === null ? locale.t('claim.documentSays', { document }) : locale.t('claim.pageSays', { page }) }
  }
  return { quote: '', where: '' }
}
